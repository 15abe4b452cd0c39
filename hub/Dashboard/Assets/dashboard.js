// What the pages need of the browser itself: the connection and its dialog, times that pass, dialogs, the theme. Everything else is the hub's.

// A time, as long ago as it is. One clock for all of them, and none while the page is hidden.
const shown = new Set();
const units = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

function ago(at) {
  const seconds = Math.round((at - Date.now()) / 1000);
  if (Math.abs(seconds) < 5) return "now";
  const [unit, size] = units.find(([, s]) => Math.abs(seconds) >= s) ?? units[5];
  return relative.format(Math.trunc(seconds / size), unit);
}

class TimeAgo extends HTMLElement {
  static observedAttributes = ["at"];

  connectedCallback() {
    if (!this.time) {
      this.time = document.createElement("time");
      this.attachShadow({ mode: "open" }).append(this.time);
    }
    shown.add(this);
    this.draw();
  }

  disconnectedCallback() {
    shown.delete(this);
  }

  attributeChangedCallback() {
    if (this.time) this.draw();
  }

  draw() {
    const at = this.getAttribute("at");
    const text = ago(Date.parse(at));
    this.time.dateTime = at;
    if (this.time.textContent !== text) this.time.textContent = text;
    this.title = at.replace("T", " ").replace("Z", " UTC");
  }
}

customElements.define("time-ago", TimeAgo);

setInterval(() => {
  if (!document.hidden) for (const one of shown) one.draw();
}, 1000);

// The switch between themes: as the system has it, light, dark.
class ThemeSwitch extends HTMLElement {
  connectedCallback() {
    if (this.firstChild) return;
    const label = document.createElement("label");
    const name = document.createElement("span");
    name.className = "visually-hidden";
    name.textContent = "Theme";
    const select = document.createElement("select");
    for (const [value, text] of [["", "Auto"], ["light", "Light"], ["dark", "Dark"]]) select.append(new Option(text, value));
    select.value = document.documentElement.dataset.theme ?? "";
    select.addEventListener("change", () => {
      if (select.value) document.documentElement.dataset.theme = select.value;
      else delete document.documentElement.dataset.theme;
      try {
        if (select.value) localStorage.setItem("theme", select.value);
        else localStorage.removeItem("theme");
      } catch {
        // For this page only, then.
      }
      document.dispatchEvent(new CustomEvent("themechange"));
    });
    label.append(name, select);
    this.append(label);
  }
}

customElements.define("theme-switch", ThemeSwitch);

// What went well goes by itself after 6 seconds; who reads with the pointer on it, or with the keyboard, keeps it.
new MutationObserver((changes) => {
  for (const change of changes) {
    for (const node of change.addedNodes) {
      if (node instanceof HTMLElement && node.hasAttribute("data-fades")) fade(node);
    }
  }
}).observe(document.body, { childList: true, subtree: true });

function fade(notice) {
  setTimeout(() => {
    if (notice.matches(":hover, :focus-within")) fade(notice);
    else notice.querySelector("button")?.click();
  }, 6000);
}

// The first Tab of a page leads to its content. Blazor would scroll there and leave the focus where it was.
document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element) || !event.target.matches("a.skip")) return;
  event.preventDefault();
  event.stopPropagation();
  document.getElementById("main")?.focus();
}, true);

window.iotxmpp = {
  show: (dialog) => dialog.showModal(),
  hide: (dialog) => dialog.close(),
  copy: (text) => navigator.clipboard.writeText(text),
};

// The connection. While it is lost a dialog says so; it is tried again, slower and slower. Where the hub has begun anew, or has forgotten the page, the page is loaded again: who was signed in still is.
const lost = document.getElementById("components-reconnect-modal");
const text = lost?.querySelector("[data-connection-text]");
let trying = 0;

async function heal() {
  if (trying) return;
  for (trying = 1; ; trying++) {
    try {
      const answer = await fetch("healthz", { cache: "no-store" });
      if (answer.ok) {
        location.reload();
        return;
      }
    } catch {
      // Not yet.
    }
    await new Promise((done) => setTimeout(done, Math.min(500 * 2 ** Math.min(trying, 5), 10000)));
  }
}

lost?.addEventListener("components-reconnect-state-changed", (event) => {
  switch (event.detail.state) {
    case "show":
      text.textContent = "What you see may be out of date. Trying again…";
      if (!lost.open) lost.showModal();
      break;
    case "hide":
      lost.close();
      break;
    case "failed":
    case "rejected":
    case "resume-failed":
      text.textContent = "The hub is asked whether it is back…";
      heal();
      break;
  }
});
lost?.addEventListener("cancel", (event) => event.preventDefault());
lost?.querySelector("[data-connection-retry]").addEventListener("click", () => location.reload());

Blazor.start({
  circuit: {
    reconnectionOptions: {
      maxRetries: 12,
      retryIntervalMilliseconds: (previous) => (previous >= 12 ? null : Math.min(250 * 2 ** previous, 5000)),
    },
  },
});
