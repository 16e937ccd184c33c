/** A word that may begin a sentence; anything else there, such as `field:*`, is code. */
const START = /^[a-z]+(?=[,;:.?!]?(?: |$))/;

/**
 * The server's texts as whole sentences: capitals after full stops, and parts in backticks apart, as they are.
 * Such a part may be what the reader typed.
 */
export function sentenceParts(text: string): { text: string; code: boolean }[] {
  let starts = true;
  return text
    .split(/(`[^`]+`)/)
    .filter(Boolean)
    .map((part) => {
      const code = part.length > 2 && part.startsWith("`") && part.endsWith("`");
      if (code) {
        starts = false;
        return { text: part.slice(1, -1), code };
      }
      const sentences = part.split(/(?<=[.?!] )/);
      const cased = sentences.map((sentence, index) => (starts || index > 0 ? capital(sentence) : sentence));
      starts = /[.?!] $/.test(part);
      return { text: cased.join(""), code };
    });
}

function capital(sentence: string): string {
  return START.test(sentence) ? sentence.charAt(0).toUpperCase() + sentence.slice(1) : sentence;
}
