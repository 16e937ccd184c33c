import type { Order } from "../api/types";
import { DEFAULT_RANGE, isRelative, type TimeRange } from "../time/range";

/** Everything that a shared link reproduces. */
export interface ViewState {
  query: string;
  range: TimeRange;
  order: Order;
  /** The id of the expanded entry. */
  entry: string | null;
  tail: boolean;
}

export const DEFAULT_VIEW: ViewState = {
  query: "",
  range: DEFAULT_RANGE,
  order: "desc",
  entry: null,
  tail: false,
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
  if (view.entry !== null) params.set("entry", view.entry);
  return params.toString();
}

/** What cannot be read falls back to its default. */
export function decodeView(search: string): ViewState {
  const params = new URLSearchParams(search);
  const tail = params.get("tail") === "1";
  return {
    query: params.get("q") ?? "",
    range: decodeRange(params),
    // A tail puts the newest on top.
    order: params.get("order") === "asc" && !tail ? "asc" : "desc",
    entry: nonEmpty(params.get("entry")),
    tail,
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
