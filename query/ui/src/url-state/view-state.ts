import type { Order } from "../api/types";
import { DEFAULT_RANGE, isRelative, type TimeRange } from "../time/range";
import type { Zone } from "../time/timestamp";

/** What is shown of the expanded entry. */
export type EntryTab = "fields" | "json" | "surroundings";

const ZONES: readonly Zone[] = ["local", "utc"];
const TABS: readonly EntryTab[] = ["fields", "json", "surroundings"];

/** Everything that a shared link reproduces. */
export interface ViewState {
  query: string;
  range: TimeRange;
  order: Order;
  /** The id of the expanded entry. */
  entry: string | null;
  tab: EntryTab;
  tail: boolean;
  /** Null where the link does not say, which leaves it to the viewer's own setting. */
  zone: Zone | null;
}

export const DEFAULT_VIEW: ViewState = {
  query: "",
  range: DEFAULT_RANGE,
  order: "desc",
  entry: null,
  tab: "fields",
  tail: false,
  zone: null,
};

/** The view as the search part of a URL, without its "?". The range is always there, so that a link keeps its
 * meaning whatever the default becomes. */
export function encodeView(view: ViewState): string {
  const params = new URLSearchParams();
  if (view.query) params.set("q", view.query);
  if (view.range.kind === "absolute") {
    if (view.range.from) params.set("from", view.range.from);
    if (view.range.to) params.set("to", view.range.to);
  } else {
    params.set("range", view.range.kind === "all" ? "all" : view.range.last);
  }
  if (view.order === "asc") params.set("order", "asc");
  if (view.tail) params.set("tail", "1");
  if (view.zone !== null) params.set("zone", view.zone);
  if (view.entry !== null) {
    params.set("entry", view.entry);
    if (view.tab !== "fields") params.set("show", view.tab);
  }
  return params.toString();
}

/** What cannot be read falls back to its default. */
export function decodeView(search: string): ViewState {
  const params = new URLSearchParams(search);
  const tail = params.get("tail") === "1";
  const entry = nonEmpty(params.get("entry"));
  return {
    query: params.get("q") ?? "",
    range: decodeRange(params),
    // A tail puts the newest on top.
    order: params.get("order") === "asc" && !tail ? "asc" : "desc",
    entry,
    tab: TABS.find((tab) => entry !== null && tab === params.get("show")) ?? "fields",
    tail,
    zone: ZONES.find((zone) => zone === params.get("zone")) ?? null,
  };
}

function decodeRange(params: URLSearchParams): TimeRange {
  const from = nonEmpty(params.get("from"));
  const to = nonEmpty(params.get("to"));
  if (from !== null || to !== null) {
    return { kind: "absolute", ...(from !== null && { from }), ...(to !== null && { to }) };
  }
  const range = params.get("range");
  if (range === "all") return { kind: "all" };
  return range !== null && isRelative(range) ? { kind: "relative", last: range } : DEFAULT_RANGE;
}

function nonEmpty(text: string | null): string | null {
  return text === "" ? null : text;
}
