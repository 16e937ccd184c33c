/** Rows of one height, one of which may have a panel of another height below it. */
export interface ListLayout {
  count: number;
  rowHeight: number;
  /** The index of the expanded row, or -1. */
  expanded: number;
  panelHeight: number;
}

export interface Window {
  /** `first` is included, `last` is not. */
  first: number;
  last: number;
}

export function totalHeight(layout: ListLayout): number {
  return layout.count * layout.rowHeight + (layout.expanded >= 0 ? layout.panelHeight : 0);
}

/** Pixels from the list's top to the row's. */
export function offsetOf(layout: ListLayout, index: number): number {
  const panel = layout.expanded >= 0 && index > layout.expanded ? layout.panelHeight : 0;
  return index * layout.rowHeight + panel;
}

/** The rows that are seen when scrolled by `top`, and `overscan` more at both ends. */
export function windowAt(layout: ListLayout, top: number, height: number, overscan = 10): Window {
  const first = indexAt(layout, top) - overscan;
  const last = indexAt(layout, top + height) + 1 + overscan;
  return { first: Math.max(0, first), last: Math.min(layout.count, Math.max(0, last)) };
}

/** Where to scroll so that the row (with its panel's beginning, where it has one) is seen; null where it is. */
export function scrollFor(layout: ListLayout, index: number, top: number, height: number): number | null {
  const start = offsetOf(layout, index);
  const panel = index === layout.expanded ? Math.min(layout.panelHeight, height - layout.rowHeight) : 0;
  const end = start + layout.rowHeight + Math.max(0, panel);
  if (start < top) return start;
  return end > top + height ? end - height : null;
}

function indexAt({ rowHeight, expanded, panelHeight }: ListLayout, y: number): number {
  const below = (expanded + 1) * rowHeight;
  if (expanded < 0 || y < below) return Math.floor(y / rowHeight);
  if (y < below + panelHeight) return expanded;
  return Math.floor((y - panelHeight) / rowHeight);
}
