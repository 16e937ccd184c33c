import { memo } from "react";
import { segments } from "./highlight";

/** A text with the query's matches marked. */
export const Highlighted = memo(function Highlighted({
  text,
  pattern,
}: {
  text: string;
  pattern: RegExp | null;
}) {
  return (
    <>
      {segments(text, pattern).map(({ text: part, hit }, index) =>
        hit ? <mark key={index}>{part}</mark> : part,
      )}
    </>
  );
});
