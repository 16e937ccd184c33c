import { useMemo, useState } from "react";
import type { Entry } from "../api/types";
import { filterState, type FieldValue, type FilterMode } from "../filters/edit";
import { Highlighted } from "../results/Highlighted";
import { formatTimestamp, zoneLabel, parseTimestamp, type Zone } from "../time/timestamp";
import { visibleControls } from "../ui/format";
import { MinusIcon, PlusIcon } from "../ui/icons";
import { flattenEntry, type FieldRow } from "./flatten";

interface Props {
  entry: Entry;
  query: string;
  zone: Zone;
  highlight: RegExp | null;
  onFilter: (target: FieldValue, mode: FilterMode) => void;
}

const ROWS = 200;
/** Characters of a value beyond which it is no filter: the query would be unreadable, and too long for a URL. */
const FILTERABLE = 2000;
const TIMES = new Set(["timestamp", "receivedAt"]);

export function FieldTable({ entry, query, zone, highlight, onFilter }: Props) {
  const rows = useMemo(() => flattenEntry(entry), [entry]);
  const [all, setAll] = useState(false);
  return (
    <>
      <table className="fields">
        <caption className="visually-hidden">Fields of the entry</caption>
        <tbody>
          {(all ? rows : rows.slice(0, ROWS)).map((row, index) => (
            <tr key={index}>
              <td className="field-actions">
                <FilterButtons row={row} query={query} onFilter={onFilter} />
              </td>
              <th scope="row" title={row.label}>
                {row.label}
              </th>
              <td className="field-value">
                <FieldText row={row} zone={zone} highlight={highlight} />
                {entry.truncated?.includes(row.field) && (
                  <span className="badge warn-badge">searched by its first 8 KiB</span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {!all && rows.length > ROWS && (
        <button type="button" className="button" onClick={() => setAll(true)}>
          Show all {rows.length} fields
        </button>
      )}
    </>
  );
}

function FieldText({ row, zone, highlight }: { row: FieldRow; zone: Zone; highlight: RegExp | null }) {
  if (TIMES.has(row.field)) {
    const instant = parseTimestamp(row.text);
    return (
      <>
        {formatTimestamp(row.text, zone, "ns")}{" "}
        {instant && <span className="muted">{zoneLabel(zone, instant.ms)}</span>}
      </>
    );
  }
  if (row.field === "message") return <Highlighted text={visibleControls(row.text)} pattern={highlight} />;
  const kind = row.scalar && typeof row.scalar.value === "string" ? "" : "literal";
  return <span className={kind}>{row.text === "" ? "\u00a0" : visibleControls(row.text)}</span>;
}

function FilterButtons({ row, query, onFilter }: { row: FieldRow } & Pick<Props, "query" | "onFilter">) {
  if (!row.scalar || TIMES.has(row.field) || row.text.length > FILTERABLE || /(^|\.)$/.test(row.field))
    return null;
  const target: FieldValue = { field: row.field, value: row.scalar.value };
  const state = filterState(query, target);
  const shown = row.text.length > 60 ? `${row.text.slice(0, 60)}…` : row.text;
  return (
    <>
      {(["in", "out"] as const).map((mode) => (
        <button
          key={mode}
          type="button"
          className="icon-button"
          aria-pressed={state === mode}
          aria-label={`Filter ${mode} ${row.label} ${shown}`}
          title={state === mode ? "Remove this filter" : `Filter ${mode}`}
          onClick={() => onFilter(target, mode)}
        >
          {mode === "in" ? <PlusIcon /> : <MinusIcon />}
        </button>
      ))}
    </>
  );
}
