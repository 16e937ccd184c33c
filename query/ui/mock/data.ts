import type { Entry } from "../src/api/types";

const SERVICES = ["checkout", "payments", "catalog", "auth", "search-api", "mailer"];
const MESSAGES: Record<string, string[]> = {
  trace: ["enter handler", "leave handler"],
  debug: ["cache miss for key session:9f3c", "retry scheduled in 250ms", "pool size 14/32"],
  info: [
    "GET /api/v1/orders 200 in 12ms",
    "order 48213 confirmed for customer 9911",
    "user signed in from 203.0.113.9",
    "background job finished: 312 documents indexed",
  ],
  warn: ["slow query: SELECT * FROM orders took 2314ms", "payment provider answered 429, backing off"],
  error: [
    "Failed to connect to DB",
    "connection refused: upstream payments:8443",
    "timeout after 3000ms waiting for inventory\n  at Inventory.reserve (inventory.ts:88)\n  at Checkout.place (checkout.ts:31)",
  ],
  fatal: ["out of memory: cannot allocate 67108864 bytes"],
};

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** `count` entries over the hour before `now`, with a pause and a burst of errors in it. */
export function generate(count: number, now: number, seed = 7): Entry[] {
  const next = random(seed);
  const entries: Entry[] = [];
  for (let index = 0; index < count; index++) {
    const age = next() * 3_600_000;
    if (age > 500_000 && age < 640_000) continue;
    const burst = age > 200_000 && age < 260_000;
    entries.push(entryAt(now - age, next, burst));
  }
  return entries;
}

export function entryAt(ms: number, next: () => number, burst = false): Entry {
  const level = pick(next, burst);
  const messages = MESSAGES[level] ?? [];
  const service = SERVICES[Math.floor(next() * SERVICES.length)] ?? "checkout";
  const time = `${new Date(ms).toISOString().slice(0, -1)}${String(Math.floor(next() * 1e6)).padStart(6, "0")}Z`;
  return {
    id: `0${Math.floor(ms).toString(16).padStart(11, "0")}-${Math.floor(next() * 2 ** 32).toString(16)}`,
    receivedAt: time,
    timestamp: time,
    level,
    message: messages[Math.floor(next() * messages.length)] ?? "",
    resourceId: `${service}-${1 + Math.floor(next() * 4)}`,
    traceId: Math.floor(next() * 2 ** 48).toString(16),
    ...(next() > 0.5 && { spanId: Math.floor(next() * 2 ** 32).toString(16) }),
    commit: "5e5342f",
    metadata: {
      parentResourceId: `node-${1 + Math.floor(next() * 3)}`,
      http: { status: level === "error" ? 503 : 200, method: "GET" },
      "x-request-id": Math.floor(next() * 2 ** 32).toString(16),
      tags: ["canary", "eu-west"],
    },
  };
}

function pick(next: () => number, burst: boolean): string {
  const roll = next();
  if (burst && roll < 0.5) return roll < 0.04 ? "fatal" : "error";
  if (roll < 0.03) return "error";
  if (roll < 0.1) return "warn";
  if (roll < 0.25) return "debug";
  return roll < 0.28 ? "trace" : "info";
}
