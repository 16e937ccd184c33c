import { expect, test } from "vitest";
import { parseJson } from "../api/json";
import type { Entry } from "../api/types";
import { flattenEntry } from "./flatten";

test("an entry's fields in order, metadata flattened", () => {
  const entry = parseJson(
    `{"id":"i","receivedAt":"2024-01-01T00:00:01Z","timestamp":"2024-01-01T00:00:00Z","level":"error","message":"m",
      "metadata":{"http":{"status":500,"big":12345678901234567890},"tags":["a",null,{"k":true}],"none":{},"empty":[]}}`,
  ) as unknown as Entry;
  expect(
    flattenEntry(entry).map(({ label, field, text, scalar }) => [label, field, text, scalar !== null]),
  ).toEqual([
    ["timestamp", "timestamp", "2024-01-01T00:00:00Z", true],
    ["level", "level", "error", true],
    ["message", "message", "m", true],
    ["metadata.http.status", "metadata.http.status", "500", true],
    ["metadata.http.big", "metadata.http.big", "12345678901234567890", true],
    ["metadata.tags[0]", "metadata.tags", "a", true],
    ["metadata.tags[1]", "metadata.tags", "null", true],
    ["metadata.tags[2].k", "metadata.tags.k", "true", true],
    ["metadata.none", "metadata.none", "{}", false],
    ["metadata.empty", "metadata.empty", "[]", false],
    ["receivedAt", "receivedAt", "2024-01-01T00:00:01Z", true],
    ["id", "id", "i", true],
  ]);
});
