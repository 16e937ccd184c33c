import { stringifyJson, type JsonObject } from "../api/json";
import type { Entry } from "../api/types";
import type { FieldValue, FilterMode } from "../filters/edit";
import type { Zone } from "../time/timestamp";
import { CopyButton } from "../ui/CopyButton";
import { CloseIcon, LinkIcon, SurroundIcon } from "../ui/icons";
import type { EntryTab } from "../url-state/view-state";
import { FieldTable } from "./FieldTable";
import { Surroundings } from "./Surroundings";

interface Props {
  entry: Entry;
  query: string;
  zone: Zone;
  highlight: RegExp | null;
  tab: EntryTab;
  onTab: (tab: EntryTab) => void;
  linkTo: (id: string) => string;
  onFilter: (target: FieldValue, mode: FilterMode) => void;
  onOpen: (id: string) => void;
  onClose: () => void;
}

export function EntryDetail({ entry, query, zone, highlight, tab, ...props }: Props) {
  const { onTab, linkTo, onFilter, onOpen, onClose } = props;
  const json = () => stringifyJson(entry as unknown as JsonObject);

  const tabButton = (name: EntryTab, label: React.ReactNode) => (
    <button type="button" className="tab" aria-pressed={tab === name} onClick={() => onTab(name)}>
      {label}
    </button>
  );

  return (
    <div className="detail" role="region" aria-label="Entry">
      <div className="detail-bar">
        <div className="tabs" role="group" aria-label="Show">
          {tabButton("fields", "Fields")}
          {tabButton("json", "JSON")}
          {tabButton(
            "surroundings",
            <>
              <SurroundIcon /> Surroundings
            </>,
          )}
        </div>
        <CopyButton text={json} label="Copy JSON" />
        <CopyButton text={() => linkTo(entry.id)} label="Copy link" icon={<LinkIcon />} />
        <button type="button" className="button quiet" aria-label="Close the entry" onClick={onClose}>
          <CloseIcon />
        </button>
      </div>
      {tab === "fields" && (
        <FieldTable entry={entry} query={query} zone={zone} highlight={highlight} onFilter={onFilter} />
      )}
      {tab === "json" && <pre className="json">{json()}</pre>}
      {tab === "surroundings" && <Surroundings entry={entry} zone={zone} onOpen={onOpen} />}
    </div>
  );
}
