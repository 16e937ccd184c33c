import { memo } from "react";
import type { Entry } from "../api/types";
import { formatTimestamp, type Zone } from "../time/timestamp";
import { toOneLine } from "../ui/format";
import { ChevronIcon } from "../ui/icons";
import { Highlighted } from "./Highlighted";
import { LevelBadge } from "./LevelBadge";

interface Props {
  entry: Entry;
  index: number;
  top: number;
  zone: Zone;
  highlight: RegExp | null;
  active: boolean;
  expanded: boolean;
  onToggle: (id: string) => void;
}

/** Characters of a message that a row may show. */
const SHOWN = 1000;

export function rowId(id: string): string {
  return `row-${id}`;
}

export const Row = memo(function Row({
  entry,
  index,
  top,
  zone,
  highlight,
  active,
  expanded,
  onToggle,
}: Props) {
  return (
    <div
      id={rowId(entry.id)}
      className={`row${active ? " active" : ""}${expanded ? " expanded" : ""}`}
      style={{ transform: `translateY(${top}px)` }}
      role="row"
      aria-rowindex={index + 2}
      aria-expanded={expanded}
      aria-selected={active}
      onClick={() => {
        // A click that ends a selection of text is no wish to open.
        if (!getSelection()?.toString()) onToggle(entry.id);
      }}
    >
      <span className="cell-open" role="gridcell">
        <ChevronIcon />
      </span>
      <time className="cell-time" role="gridcell" dateTime={entry.timestamp}>
        {formatTimestamp(entry.timestamp, zone)}
      </time>
      <span className="cell-level" role="gridcell">
        <LevelBadge level={entry.level} />
      </span>
      <span className="cell-resource" role="gridcell" title={entry.resourceId}>
        {entry.resourceId}
      </span>
      <span className="cell-message" role="gridcell">
        <Highlighted text={toOneLine(entry.message.slice(0, SHOWN))} pattern={highlight} />
      </span>
    </div>
  );
});
