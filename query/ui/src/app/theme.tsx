import { useEffect } from "react";
import { MoonIcon, SunIcon } from "../ui/icons";
import { useMedia } from "../ui/useMedia";
import { useStored } from "../ui/useStored";

const THEMES = ["system", "light", "dark"] as const;

/** Follows the system until it is pressed. */
export function ThemeToggle() {
  const [theme, setTheme] = useStored("theme", THEMES, "system");
  const systemDark = useMedia("(prefers-color-scheme: dark)");
  const dark = theme === "dark" || (theme === "system" && systemDark);

  useEffect(() => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);

  const other = dark ? "light" : "dark";
  return (
    <button
      type="button"
      className="button quiet"
      aria-label={`Switch to the ${other} theme`}
      title={`Switch to the ${other} theme`}
      onClick={() => setTheme((other === "dark") === systemDark ? "system" : other)}
    >
      {dark ? <SunIcon /> : <MoonIcon />}
    </button>
  );
}
