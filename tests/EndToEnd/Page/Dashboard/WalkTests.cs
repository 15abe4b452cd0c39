using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using Microsoft.Playwright;
using Xunit;

namespace IotXmpp.EndToEnd.Page.Dashboard;

/// <summary>Every page, as somebody goes through it: with the keyboard alone, on a small phone, in both themes, with a form open.</summary>
public sealed class WalkTests(DashboardFixture fixture) : IClassFixture<DashboardFixture>
{
    /// <summary>What the keyboard should reach on a page, in the order of the document; what is looked at when it has.</summary>
    private const string Begin = """
        () => {
          const can = 'a[href], button, input, select, textarea, summary, [tabindex]';
          const all = () => [...document.querySelectorAll(can)].filter((e) => e.tabIndex >= 0 && !e.disabled && !e.closest('dialog:not([open])') && e.checkVisibility({ visibilityProperty: true }));
          const name = (e) => `<${e.tagName.toLowerCase()}> ${(e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent ?? e.textContent).trim().slice(0, 40)}`;
          window.walk = { first: null, last: null, seen: new Set(), bad: [], turns: 0,
            step() {
              const e = document.activeElement;
              if (e === document.body || e === this.last) return true;
              const before = this.last;
              this.last = e;
              if (this.seen.has(e)) return !(e === this.first);
              this.first ??= e;
              this.seen.add(e);
              if (before && !(before.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING) && ++this.turns > 1) this.bad.push(`${name(e)} comes out of its turn, after ${name(before)}`);
              const style = getComputedStyle(e);
              if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2) this.bad.push(`${name(e)} does not show that it has the focus`);
              const box = e.getClientRects()[0];
              const at = box && document.elementFromPoint(Math.min(box.x + box.width / 2, innerWidth - 1), box.y + Math.min(box.height, innerHeight - box.y) / 2);
              if (!at || !(e.contains(at) || at.contains(e) || at.closest('label')?.control === e)) this.bad.push(`${name(e)} has the focus and is not seen: ${at ? name(at) : 'it is outside'}`);
              return true;
            },
            missing() { return all().filter((e) => !this.seen.has(e)).map((e) => `${name(e)} is not reached`); },
          };
          return all().length;
        }
        """;

    [Fact]
    public async Task Every_page_is_walked_by_keyboard_and_on_a_phone()
    {
        await using HubHost hub = await DashboardFixture.StartAsync();
        await using WholeScene scene = await WholeScene.BuildAsync(hub);
        IPage page = await fixture.SignInAsync(hub, "boss");
        var wrong = new List<string>();
        foreach (PageStop stop in scene.Pages)
        {
            await page.SetViewportSizeAsync(1280, 800);
            await page.GotoAsync(DashboardFixture.Url(hub) + stop.Path);
            await page.Locator("main " + stop.Ready).First.WaitForAsync();
            await DashboardFixture.PictureAsync(page, stop.Slug);
            await DashboardFixture.PictureAsync(page, stop.Slug + "-whole", isWhole: true);
            await page.SetViewportSizeAsync(1280, 800);
            await TabAsync(page, stop.Slug, wrong);
            if (stop.Ask is { } ask)
            {
                await AskAsync(page, stop.Slug, page.GetByRole(AriaRole.Button, new() { Name = ask, Exact = true }).Or(page.GetByRole(AriaRole.Button, new() { Name = ask })).First, wrong);
            }

            if (stop.Open is { } open)
            {
                await page.GetByRole(AriaRole.Button, new() { Name = open }).First.FocusAsync();
                await page.Keyboard.PressAsync("Enter");
                await page.Locator("main form").First.WaitForAsync();
                await DashboardFixture.PictureAsync(page, stop.Slug + "-open", isWhole: true);
                await page.SetViewportSizeAsync(1280, 800);
                await TabAsync(page, stop.Slug + " (open)", wrong);
            }

            await LookAsync(page, stop.Slug, wrong);
        }

        // Those that stand by themselves.
        IPage stranger = await fixture.NewPageAsync();
        foreach (string path in new[] { "/sign-in", "/first-run", "/no/such/page" })
        {
            await stranger.GotoAsync(DashboardFixture.Url(hub) + path);
            await stranger.Locator("main h1").WaitForAsync();
            fixture.Forgive(stranger); // the browser writes each 404 on the console
            await DashboardFixture.PictureAsync(stranger, path.Trim('/').Replace('/', '-'));
            await stranger.SetViewportSizeAsync(1280, 800);
            await TabAsync(stranger, path.Trim('/'), wrong);
            await LookAsync(stranger, path.Trim('/'), wrong);
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public async Task The_first_tab_leads_to_the_content_and_keeps_what_is_filtered()
    {
        HubHost hub = await fixture.HubAsync();
        await using var scene = new FleetScene(hub);
        await scene.AddAsync("skip-lamp");
        IPage page = await fixture.SignInAsync(hub, "operator", "/?q=skip");
        await page.Locator("table.fleet tbody tr").WaitForAsync();
        ILocator skip = page.GetByRole(AriaRole.Link, new() { Name = "Skip to the content" });
        await skip.FocusAsync();
        await Assertions.Expect(skip).ToBeInViewportAsync();
        await page.Keyboard.PressAsync("Enter");
        await Wait.UntilAsync(() => page.EvaluateAsync<bool>("document.activeElement === document.querySelector('#main')"));
        await page.Keyboard.PressAsync("Tab");
        Assert.True(await page.EvaluateAsync<bool>("document.querySelector('#main').contains(document.activeElement) && document.activeElement.matches('a')"));
        await Assertions.Expect(page.GetByRole(AriaRole.Searchbox, new() { Name = "Find things" })).ToHaveValueAsync("skip");
        Assert.Contains("q=skip", page.Url, StringComparison.Ordinal);
        await fixture.CheckAsync(page);
        await page.LeaveAsync();
    }

    // From where the page puts the focus when it is loaded, once around.
    private static async Task TabAsync(IPage page, string where, List<string> wrong)
    {
        int count = await page.EvaluateAsync<int>(Begin);
        for (int i = 0; i < (count * 3) + 20; i++)
        {
            await page.Keyboard.PressAsync("Tab");
            if (!await page.EvaluateAsync<bool>("walk.step()"))
            {
                break;
            }
        }

        wrong.AddRange((await page.EvaluateAsync<string[]>("[...walk.bad, ...walk.missing()]")).Select(w => $"{where}: {w}"));
    }

    // A dialog takes the focus, keeps it, and gives it back.
    private static async Task AskAsync(IPage page, string where, ILocator button, List<string> wrong)
    {
        await button.FocusAsync();
        await page.EvaluateAsync("window.asked = document.activeElement");
        await page.Keyboard.PressAsync("Enter");
        await page.Locator("dialog[open] .dialog-buttons").WaitForAsync();
        for (int i = 0; i < 6; i++)
        {
            if (!await page.EvaluateAsync<bool>("document.activeElement === document.body || document.querySelector('dialog[open]').contains(document.activeElement)"))
            {
                wrong.Add($"{where}: the dialog does not keep the focus");
                break;
            }

            await page.Keyboard.PressAsync("Tab");
        }

        await page.Keyboard.PressAsync("Escape");
        await page.Locator("dialog[open]").WaitForAsync(new() { State = WaitForSelectorState.Detached });
        if (await Record.ExceptionAsync(() => Wait.UntilAsync(() => page.EvaluateAsync<bool>("document.activeElement === window.asked"))) is not null)
        {
            wrong.Add($"{where}: the dialog does not give the focus back{(await page.EvaluateAsync<bool>("window.asked.isConnected") ? "" : ": what asked has been drawn anew")}, but to {await page.EvaluateAsync<string>("document.activeElement?.outerHTML.slice(0, 120) + ' ' + document.hasFocus() + ' ' + document.querySelectorAll('dialog[open]').length")}");
        }
    }

    // What holds for every page, and what dark colours could break.
    private async Task LookAsync(IPage page, string where, List<string> wrong)
    {
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark, ReducedMotion = ReducedMotion.Reduce });
        AxeResult dark = await page.RunAxe(new AxeRunOptions { RunOnly = RunOnlyOptions.Rules("color-contrast") });
        wrong.AddRange(dark.Violations.SelectMany(v => v.Nodes).Take(4).Select(n => $"{where}: not enough contrast in the dark: {n.Html}"));
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light, ReducedMotion = ReducedMotion.Reduce });
        if (await Record.ExceptionAsync(() => fixture.CheckAsync(page)) is { } complaint)
        {
            wrong.Add($"{where}: {complaint.Message}");
            fixture.Forgive(page);
        }
    }
}
