import { useState } from "react";
import { fixedBounds, type TimeRange } from "../time/range";
import { localIsUtc, zoneLabel, type Zone } from "../time/timestamp";
import { fromInput, toInput } from "./local-input";

interface Props {
  range: TimeRange;
  zone: Zone;
  onApply: (range: TimeRange) => void;
  onZone: (zone: Zone) => void;
}

/** From and to, in the zone that is shown. An end left empty is open; a whole second includes all of it. */
export function AbsoluteForm({ range, zone, onApply, onZone }: Props) {
  const [opened] = useState(() => Date.now());
  const [from, setFrom] = useState(() => toInput(fixedBounds(range, opened).from, zone));
  const [to, setTo] = useState(() => toInput(fixedBounds(range, opened).to, zone));
  const [error, setError] = useState<string | null>(null);

  const apply = () => {
    const start = from ? fromInput(from, zone) : undefined;
    const end = to ? fromInput(to, zone) : undefined;
    if (start === null || end === null) {
      setError("Enter a date and a time.");
      return;
    }
    if (!start && !end) {
      onApply({ kind: "all" });
      return;
    }
    if (start && end && Date.parse(start) > Date.parse(end)) {
      setError("“From” must not be after “to”.");
      return;
    }
    onApply({ kind: "absolute", ...(start && { from: start }), ...(end && { to: end }) });
  };

  /** The same times, as the other zone has them. */
  const choose = (next: Zone) => {
    const inNext = (value: string) => toInput(fromInput(value, zone) ?? undefined, next);
    setFrom(inNext);
    setTo(inNext);
    onZone(next);
  };

  return (
    <form
      className="absolute"
      onSubmit={(event) => {
        event.preventDefault();
        apply();
      }}
    >
      <label>
        From
        <input
          type="datetime-local"
          step={stepOf(from)}
          value={from}
          onChange={(event) => setFrom(event.target.value)}
        />
      </label>
      <label>
        To, included
        <input
          type="datetime-local"
          step={stepOf(to)}
          value={to}
          onChange={(event) => setTo(event.target.value)}
        />
      </label>
      {localIsUtc() ? (
        <p className="muted">Times are in UTC.</p>
      ) : (
        <fieldset className="zones">
          <legend className="visually-hidden">Time zone</legend>
          {(["local", "utc"] as const).map((choice) => (
            <label key={choice}>
              <input type="radio" name="zone" checked={zone === choice} onChange={() => choose(choice)} />
              {choice === "utc" ? "UTC" : `Local (${zoneLabel("local", opened)})`}
            </label>
          ))}
        </fieldset>
      )}
      {error !== null && (
        <p className="form-error" role="alert">
          {error}
        </p>
      )}
      <button type="submit" className="button primary">
        Apply
      </button>
    </form>
  );
}

function stepOf(value: string): number {
  return value.includes(".") ? 0.001 : 1;
}
