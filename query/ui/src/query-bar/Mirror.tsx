import type { Span } from "../api/types";

/**
 * The query's text again, unseen, exactly below the input: what shows is the underline of `span`, or a caret where
 * the span is empty or behind the text.
 */
export function Mirror({ text, span }: { text: string; span: Span | null }) {
  if (!span) return <div className="query-mirror" aria-hidden="true">{`${text}\n`}</div>;
  const marked = text.slice(span.start, span.end);
  return (
    <div className="query-mirror" aria-hidden="true">
      {text.slice(0, span.start)}
      {marked.trim() ? <mark>{marked}</mark> : <mark className="caret">{marked || "\u200b"}</mark>}
      {`${text.slice(span.end)}\n`}
    </div>
  );
}
