// Before anything is drawn: the theme that the person chose here, if any. Else the system's counts.
(() => {
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
  } catch {
    // No storage: the system's theme.
  }
})();
