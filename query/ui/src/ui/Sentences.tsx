import { sentenceParts } from "./sentence";

/** A text of the server, which may quote the query in backticks. */
export function Sentences({ text }: { text: string }) {
  return sentenceParts(text).map((part, index) =>
    part.code ? <code key={index}>{part.text}</code> : part.text,
  );
}
