// Which entries of a run the ingestor acknowledged. The equal lines cannot be told apart, so they are counted.

export class Acknowledged {
  numbers = new Set();
  #delivered = 0;
  #keysDelivered = new Set();
  /** Equal lines of answers that never reached the client, by what was sent. */
  #cutOff = new Map();

  /**
   * Notes the entries of one answer, null for each equal line. `sent` is what the client sent: where an answer is cut off and the client sends
   * the same again, its equal lines count once, as the ingestor stores them once.
   */
  note(sent, numbers, { delivered = true } = {}) {
    for (const n of numbers) if (n !== null) this.numbers.add(n);
    const equal = numbers.filter((n) => n === null).length;
    if (equal === 0) return;
    if (delivered) {
      this.#delivered += equal;
      this.#keysDelivered.add(sent);
    } else this.#cutOff.set(sent, (this.#cutOff.get(sent) ?? 0) + equal);
  }

  get equal() {
    const onlyCutOff = [...this.#cutOff].filter(([sent]) => !this.#keysDelivered.has(sent));
    return onlyCutOff.reduce((sum, [, count]) => sum + count, this.#delivered);
  }

  /** How many acknowledged entries a comparison misses. */
  lostOf({ lost, lostEqual, equal }) {
    return lost.filter((n) => this.numbers.has(n)).length + Math.max(0, Math.min(this.equal, equal) - (equal - lostEqual));
  }
}
