import { useEffect, useLayoutEffect, useMemo, useRef, useState, type ReactNode, type Ref } from "react";
import type { Entry, Order } from "../api/types";
import type { Zone } from "../time/timestamp";
import { useMedia } from "../ui/useMedia";
import { useSize } from "../ui/useSize";
import { Row, rowId } from "./Row";
import { scrollFor, totalHeight, windowAt, offsetOf, type ListLayout } from "./virtual";

interface Props {
  entries: Entry[];
  total: number;
  zone: Zone;
  order: Order;
  /** New rows come on top as they arrive, whatever their time. */
  live: boolean;
  onOrder: () => void;
  highlight: RegExp | null;
  /** Index of the row that the keyboard is at, or -1. */
  active: number;
  expanded: number;
  stale: boolean;
  onToggle: (id: string) => void;
  /** The arrow keys, in rows. */
  onWalk: (step: number) => void;
  onReached: (lastSeen: number) => void;
  onScrolled: (away: boolean) => void;
  listRef: Ref<HTMLDivElement>;
  renderDetail: (entry: Entry) => ReactNode;
  /** Below the last row. */
  end: ReactNode;
}

const ORDERS = {
  asc: { arrow: "↑", label: "oldest first", sort: "ascending", title: "Turn the order round" },
  desc: { arrow: "↓", label: "newest first", sort: "descending", title: "Turn the order round" },
  live: { arrow: "↓", label: "as they arrive", sort: "other", title: "End live, and show the oldest first" },
} as const;

export const ROW_HEIGHT = { wide: 26, narrow: 46 };

export function ResultList(props: Props) {
  const { entries, zone, highlight, active, expanded, onToggle, onReached, onScrolled, listRef, end } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [panelHeight, setPanelHeight] = useState(0);
  const { height } = useSize(scroller);
  const rowHeight = useMedia("(max-width: 640px)") ? ROW_HEIGHT.narrow : ROW_HEIGHT.wide;
  const expandedEntry = entries[expanded];

  const layout = useMemo<ListLayout>(
    () => ({ count: entries.length, rowHeight, expanded: expandedEntry ? expanded : -1, panelHeight }),
    [entries.length, rowHeight, expanded, expandedEntry, panelHeight],
  );
  const { first, last } = windowAt(layout, top, height);
  const order = ORDERS[props.live ? "live" : props.order];

  useEffect(() => onReached(last), [last, onReached]);

  useLayoutEffect(() => {
    const element = panel.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setPanelHeight(element.offsetHeight));
    observer.observe(element);
    setPanelHeight(element.offsetHeight);
    return () => observer.disconnect();
  }, [expandedEntry?.id]);

  const focusRow = (index: number) => {
    const element = scroller.current;
    if (!element || index < 0) return;
    const to = scrollFor(layout, index, element.scrollTop, element.clientHeight);
    if (to !== null) element.scrollTop = to;
  };
  const activeId = entries[active]?.id;
  useLayoutEffect(() => focusRow(active), [activeId]); // eslint-disable-line react-hooks/exhaustive-deps
  const shownId = panelHeight ? expandedEntry?.id : undefined;
  useLayoutEffect(() => focusRow(expanded), [shownId]); // eslint-disable-line react-hooks/exhaustive-deps

  return (
    <div
      className={props.stale ? "results stale" : "results"}
      role="grid"
      aria-label="Entries"
      aria-rowcount={props.total + 1}
      aria-busy={props.stale}
      aria-activedescendant={activeId && active >= first && active < last ? rowId(activeId) : undefined}
      tabIndex={0}
      ref={listRef}
      onKeyDown={(event) => {
        const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
        if (!step || event.target !== event.currentTarget) return;
        event.preventDefault();
        props.onWalk(step);
      }}
    >
      <div className="row head" role="row" aria-rowindex={1}>
        <span className="cell-open" role="columnheader" aria-label="Expand" />
        <span className="cell-time" role="columnheader" aria-sort={order.sort}>
          <button type="button" className="sort" onClick={props.onOrder} title={order.title}>
            Time <span aria-hidden="true">{order.arrow}</span> {order.label}
          </button>
        </span>
        <span className="cell-level" role="columnheader">
          Level
        </span>
        <span className="cell-resource" role="columnheader">
          Resource
        </span>
        <span className="cell-message" role="columnheader">
          Message
        </span>
      </div>
      <div
        className="scroller"
        role="presentation"
        ref={scroller}
        onScroll={(event) => {
          setTop(event.currentTarget.scrollTop);
          onScrolled(event.currentTarget.scrollTop > rowHeight / 2);
        }}
      >
        <div className="canvas" role="rowgroup" style={{ height: totalHeight(layout) }}>
          {entries.slice(first, last).map((entry, offset) => (
            <Row
              key={entry.id}
              entry={entry}
              index={first + offset}
              top={offsetOf(layout, first + offset)}
              zone={zone}
              highlight={highlight}
              active={first + offset === active}
              expanded={first + offset === expanded}
              onToggle={onToggle}
            />
          ))}
          {expandedEntry && (
            <div
              className="panel"
              ref={panel}
              role="row"
              style={{ transform: `translateY(${offsetOf(layout, expanded) + rowHeight}px)` }}
            >
              <div role="gridcell">{props.renderDetail(expandedEntry)}</div>
            </div>
          )}
        </div>
        {end}
      </div>
    </div>
  );
}
