import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const TOKENS = readFileSync(join(import.meta.dirname, "tokens.css"), "utf8");
const RESULTS = readFileSync(join(import.meta.dirname, "results.css"), "utf8");
const THEMES = ["light", "dark"] as const;
type Theme = (typeof THEMES)[number];
type Rgb = [number, number, number];

/** What WCAG 2 asks of text at level AA. */
const AA = 4.5;

const TEXTS: Record<string, string[]> = {
  text: ["bg", "surface", "raised", "sunken", "hover", "picked", "mark", "danger-back"],
  muted: ["bg", "surface", "raised", "sunken", "hover", "picked"],
  accent: ["bg", "surface", "raised", "sunken", "picked"],
  danger: ["raised", "danger-back"],
  caution: ["caution-back"],
  "on-accent": ["accent-solid"],
  "text-info": ["surface", "sunken", "hover"],
  "text-debug": ["raised", "hover"],
};
const PAIRS = Object.entries(TEXTS).flatMap(([text, backs]) => backs.map((back) => [text, back] as const));
const LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "other"] as const;

describe.each(THEMES)("%s", (theme) => {
  test.each(PAIRS)("%s on %s can be read", (text, back) => {
    expect(contrast(color(text, theme), color(back, theme))).toBeGreaterThanOrEqual(AA);
  });

  test.each(LEVELS)("the badge of %s can be read on any row", (level) => {
    for (const row of ["surface", "hover", "picked", "sunken"]) {
      const back = mix(color(`level-${level}`, theme), color(row, theme), shareOf(level));
      expect(contrast(color(`text-${level}`, theme), back), row).toBeGreaterThanOrEqual(AA);
    }
  });
});

function color(name: string, theme: Theme): Rgb {
  const value = new RegExp(`--${name}: ([^;]+);`).exec(TOKENS)?.[1] ?? "";
  const [light, dark = light] = value.match(/#[0-9a-f]{6}/g) ?? [];
  const hex = theme === "light" ? light : dark;
  if (!hex) throw new Error(`there is no colour ${name}`);
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as Rgb;
}

/** How much of the level's own colour its badge holds, 0 to 1. */
function shareOf(level: string): number {
  const percent = new RegExp(`var\\(--level-${level}\\) (\\d+)%, transparent`).exec(RESULTS)?.[1];
  return Number(percent) / 100;
}

function mix(over: Rgb, under: Rgb, share: number): Rgb {
  return over.map((part, at) => part * share + (under[at] ?? 0) * (1 - share)) as Rgb;
}

/** https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
function contrast(a: Rgb, b: Rgb): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(rgb: Rgb): number {
  const [r = 0, g = 0, b = 0] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
