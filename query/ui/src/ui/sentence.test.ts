import { expect, test } from "vitest";
import { sentenceParts } from "./sentence";

const plain = (text: string) =>
  sentenceParts(text)
    .map(({ text, code }) => (code ? `<${text}>` : text))
    .join("");

test.each([
  ["add a word or a field", "Add a word or a field"],
  ["remove it; message=x finds more", "Remove it; message=x finds more"],
  ["it is wrong. did you mean so? write that", "It is wrong. Did you mean so? Write that"],
  [
    "`from` is not a time: `a. b` is none. write now-15m.",
    "<from> is not a time: <a. b> is none. Write now-15m.",
  ],
  ["this `)` closes nothing", "This <)> closes nothing"],
  ["stop. `x` is it", "Stop. <x> is it"],
  ["terms, then more", "Terms, then more"],
  ["The server answered 502.", "The server answered 502."],
])("%s", (text, shown) => expect(plain(text)).toBe(shown));

test.each([
  "field:* finds entries that have the field",
  "foo=1 is a clause",
  "now-15m is a time",
  "metadata.x is one",
  "",
])("code at the start stays as it is: %s", (text) => expect(plain(text)).toBe(text));
