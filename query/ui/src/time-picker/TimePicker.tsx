import { useEffect, useId, useRef, useState } from "react";
import { PRESETS, rangeLabel, type TimeRange } from "../time/range";
import { localIsUtc, zoneLabel, type Zone } from "../time/timestamp";
import { ClockIcon, DownIcon } from "../ui/icons";
import { AbsoluteForm } from "./AbsoluteForm";

interface Props {
  range: TimeRange;
  zone: Zone;
  onRange: (range: TimeRange) => void;
  onZone: (zone: Zone) => void;
}

export function TimePicker({ range, zone, onRange, onZone }: Props) {
  const id = useId();
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const toggle = useRef<HTMLButtonElement>(null);

  const popover = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (!open) return;
    popover.current?.querySelector<HTMLElement>("[aria-pressed=true], input")?.focus();
    const outside = (event: PointerEvent) => {
      if (!root.current?.contains(event.target as globalThis.Node)) setOpen(false);
    };
    addEventListener("pointerdown", outside);
    return () => removeEventListener("pointerdown", outside);
  }, [open]);

  const choose = (next: TimeRange) => {
    setOpen(false);
    toggle.current?.focus();
    onRange(next);
  };

  return (
    <div
      className="time-picker"
      ref={root}
      onBlur={(event) => {
        if (event.relatedTarget && !event.currentTarget.contains(event.relatedTarget)) setOpen(false);
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !open) return;
        event.stopPropagation();
        setOpen(false);
        toggle.current?.focus();
      }}
    >
      <button
        type="button"
        ref={toggle}
        className="button"
        aria-haspopup="dialog"
        aria-expanded={open}
        aria-controls={id}
        aria-label={`Time range: ${rangeLabel(range, zone)}`}
        onClick={() => setOpen(!open)}
      >
        <ClockIcon />
        <span className="range-label">{rangeLabel(range, zone)}</span>
        <DownIcon />
      </button>
      {open && (
        <div id={id} ref={popover} className="popover time-popover" role="dialog" aria-label="Time range">
          <div className="presets" role="group" aria-label="Relative to now">
            {PRESETS.map((last) => (
              <button
                key={last}
                type="button"
                className="menu-item"
                aria-pressed={range.kind === "relative" && range.last === last}
                onClick={() => choose({ kind: "relative", last })}
              >
                {rangeLabel({ kind: "relative", last }, zone)}
              </button>
            ))}
            <button
              type="button"
              className="menu-item"
              aria-pressed={range.kind === "all"}
              onClick={() => choose({ kind: "all" })}
            >
              All time
            </button>
          </div>
          <AbsoluteForm range={range} zone={zone} onApply={choose} onZone={onZone} />
        </div>
      )}
    </div>
  );
}

export function ZoneToggle({ zone, onZone, now }: { zone: Zone; onZone: (zone: Zone) => void; now: number }) {
  if (localIsUtc()) return <span className="muted zone">UTC</span>;
  return (
    <button
      type="button"
      className="button quiet"
      aria-label={`Times in ${zoneLabel(zone, now)}. Switch to ${zone === "utc" ? "local time" : "UTC"}`}
      title={`Switch to ${zone === "utc" ? "local time" : "UTC"}`}
      onClick={() => onZone(zone === "utc" ? "local" : "utc")}
    >
      {zone === "utc" ? "UTC" : `Local, ${zoneLabel(zone, now)}`}
    </button>
  );
}
