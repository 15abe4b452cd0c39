using Microsoft.Playwright;

namespace IotXmpp.EndToEnd.Page.Dashboard;

/// <summary>What means harm, and how it is typed: by a browser that keeps to no type, no length and no choice.</summary>
internal static class HostileTyping
{
    /// <summary>Values that harm who takes them for more than text, by the name of the harm.</summary>
    public static readonly IReadOnlyList<(string Name, string Value)> Values =
    [
        ("script", "<img src=x onerror=window.harmed=1>"), // short enough for every field that takes text
        ("sql", "'; DROP TABLE account; --"),
        ("formula", "=cmd|'/c calc'!A1"),
        ("path", "../../../etc/passwd"),
        ("no text", "a\0b\uFFFE\uD800\u202E"),
        ("oversized", new string('A', 30_000)),
    ];

    // What is written is told as if it had been typed.
    private const string Write = """
        (button, typed) => {
          const form = button.closest('form');
          for (const input of form.querySelectorAll('input:not([hidden], [type=file], [type=hidden]), select, textarea')) {
            if (input.type === 'checkbox' || input.closest(typed.but)) continue;
            if (input.tagName === 'SELECT') {
              input.append(new Option(typed.value, typed.value));
            } else {
              if (!['text', 'password', 'search'].includes(input.type) && input.tagName === 'INPUT') input.type = 'text';
              input.removeAttribute('maxlength');
            }
            input.value = typed.value;
            input.dispatchEvent(new Event('input', { bubbles: true }));
            input.dispatchEvent(new Event('change', { bubbles: true }));
          }
          form.noValidate = true;
        }
        """;

    /// <summary>Writes a value into every input of a button's form.</summary>
    /// <param name="button">The button.</param>
    /// <param name="value">The value.</param>
    /// <param name="but">What is left as it is, as a selector; always left is the document behind a form.</param>
    public static Task WriteAsync(ILocator button, string value, string but = "details.document") => button.EvaluateAsync(Write, new { value, but });

    /// <summary>Whether a page has neither fallen nor done what was typed.</summary>
    public static async Task<bool> IsUnharmedAsync(IPage page) =>
        await page.EvaluateAsync<bool>("window.harmed === undefined && !document.querySelector('main img, #components-reconnect-modal[open]')")
        && await page.GetByRole(AriaRole.Heading, new() { Name = "Something failed" }).CountAsync() == 0;

    /// <summary>Goes to a page over the circuit that is there: it must live through all of this.</summary>
    public static async Task GoAsync(IPage page, string path)
    {
        await page.EvaluateAsync("Blazor.navigateTo('/welcome')");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Welcome to" }).WaitForAsync();
        await page.EvaluateAsync("path => Blazor.navigateTo(path)", path);
        await page.GetByRole(AriaRole.Heading, new() { Name = "Welcome to" }).WaitForAsync(new() { State = WaitForSelectorState.Detached });
        await page.Locator("main h1").First.WaitForAsync();
    }
}
