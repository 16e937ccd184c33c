import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { EmptyState } from "../empty/EmptyState";
import { EntryDetail } from "../entry/EntryDetail";
import { LinkedEntry } from "../entry/LinkedEntry";
import { isRefusal } from "../api/problem";
import type { FieldValue, FilterMode } from "../filters/edit";
import { ResultList } from "../results/ResultList";
import type { Search } from "../results/useSearch";
import { DroppedNotice, NewEntriesPill } from "../tail/TailBar";
import type { Tail } from "../tail/useTail";
import type { TimeRange } from "../time/range";
import type { Zone } from "../time/timestamp";
import type { Entry } from "../api/types";
import { ProblemNote } from "../ui/ProblemNote";
import type { EntryTab, ViewState } from "../url-state/view-state";
import { ResultsBar } from "./ResultsBar";
import { useShortcuts } from "./useShortcuts";

interface Props {
  view: ViewState;
  zone: Zone;
  onZone: (zone: Zone) => void;
  search: Search;
  tail: Tail;
  run: number;
  /** Whether the query bar holds another query by now, which explains itself there. */
  edited: boolean;
  /** Of the note that says what is wrong with the query. */
  noteId: string;
  retryIn: number | null;
  highlight: RegExp | null;
  onRetry: () => void;
  onFilter: (target: FieldValue, mode: FilterMode) => void;
  onShow: (change: { query?: string; range?: TimeRange }) => void;
  onOrder: () => void;
  onOpen: (id: string | null) => void;
  onTab: (tab: EntryTab) => void;
  linkTo: (id: string) => string;
  focusQuery: () => void;
}

export function ResultsPanel(props: Props) {
  const { view, zone, search, tail, highlight, onOpen } = props;
  const { results } = search;
  const { buffer, setPaused } = tail;
  const list = useRef<HTMLDivElement>(null);
  const [activeId, setActiveId] = useState<string | null>(null);
  const [away, setAway] = useState(false);

  const refused = isRefusal(results.problem);
  const unread = results.problem?.kind === "invalid-query";
  const entries = useMemo(
    () => (refused ? [] : buffer.shown.length ? buffer.shown.concat(results.entries) : results.entries),
    [buffer.shown, results.entries, refused],
  );
  const indexOf = (id: string | null) => (id === null ? -1 : entries.findIndex((entry) => entry.id === id));
  const active = indexOf(activeId);
  const expanded = indexOf(view.entry);

  // Rows must not move away under the reader.
  const paused = away || view.entry !== null;
  useEffect(() => setPaused(paused), [paused, setPaused]);

  // Another search begins at its first entry, unless one is open.
  useLayoutEffect(() => {
    const scroller = list.current?.querySelector(".scroller");
    if (view.entry !== null || !scroller) return;
    setActiveId(null);
    scroller.scrollTop = 0;
  }, [results.searches]); // eslint-disable-line react-hooks/exhaustive-deps

  const openId = view.entry;
  const toggle = useCallback(
    (id: string) => {
      setActiveId(id);
      onOpen(id === openId ? null : id);
    },
    [openId, onOpen],
  );

  const walk = (step: number) => {
    const next = Math.min(Math.max((active < 0 ? expanded : active) + step, 0), entries.length - 1);
    setActiveId(entries[next]?.id ?? null);
    list.current?.focus({ preventScroll: true });
  };
  useShortcuts({
    "/": props.focusQuery,
    j: () => walk(1),
    k: () => walk(-1),
    Enter: activeId === null ? undefined : () => toggle(activeId),
    Escape: view.entry === null ? undefined : () => onOpen(null),
  });

  const detail = (entry: Entry) => (
    <EntryDetail
      key={entry.id}
      entry={entry}
      query={view.query}
      zone={zone}
      highlight={highlight}
      tab={view.tab}
      onTab={props.onTab}
      linkTo={props.linkTo}
      onFilter={props.onFilter}
      onOpen={onOpen}
      onClose={() => onOpen(null)}
    />
  );

  const settled = results.answered && results.phase !== "loading" && results.problem === null;
  const empty = settled && results.total === 0 && entries.length === 0;
  return (
    <section className="results-panel" aria-label="Results">
      <ResultsBar
        view={view}
        zone={zone}
        onZone={props.onZone}
        results={results}
        tail={tail}
        paused={paused}
        refused={refused}
      />
      {unread && props.edited && <p className="list-end">Press Enter to search.</p>}
      {results.problem && !(unread && props.edited) && (
        <ProblemNote
          id={props.noteId}
          problem={results.problem}
          retryIn={props.retryIn}
          onTake={(query) => props.onShow({ query })}
          {...(!refused && { onRetry: results.failedMore ? search.retryMore : props.onRetry })}
        />
      )}
      <DroppedNotice dropped={buffer.dropped} onDismiss={tail.dismissDropped} />
      {view.entry !== null && settled && expanded < 0 && (
        <LinkedEntry id={view.entry} onClose={() => onOpen(null)}>
          {detail}
        </LinkedEntry>
      )}
      {empty && !view.tail && (
        <EmptyState
          query={view.query}
          range={view.range}
          zone={zone}
          partial={results.partial}
          run={props.run}
          onRetry={props.onRetry}
          onShow={props.onShow}
        />
      )}
      {empty && view.tail && (
        <div className="empty">
          <h2>Waiting for entries</h2>
          <p>New entries that match appear here as they arrive.</p>
        </div>
      )}
      {entries.length > 0 && (
        <div className="list-frame">
          <NewEntriesPill
            waiting={buffer.waiting.length}
            onShow={() => {
              if (view.entry !== null) onOpen(null);
              list.current?.querySelector(".scroller")?.scrollTo({ top: 0 });
              setPaused(false);
            }}
          />
          <ResultList
            entries={entries}
            total={results.total + buffer.arrived}
            zone={zone}
            order={view.order}
            live={view.tail}
            onOrder={props.onOrder}
            highlight={highlight}
            active={active}
            expanded={expanded}
            stale={results.phase === "loading" || (results.problem !== null && !results.failedMore)}
            onToggle={toggle}
            onWalk={walk}
            onReached={search.reached}
            onScrolled={setAway}
            listRef={list}
            renderDetail={detail}
            end={
              results.phase === "loading-more" ? (
                <p className="list-end">Loading more…</p>
              ) : results.cursor === null ? (
                <ListEnd partial={results.partial} />
              ) : null
            }
          />
        </div>
      )}
      {!results.answered && !results.problem && <p className="list-end">Searching…</p>}
    </section>
  );
}

/** Below the last entry; a partial answer has no further page, and still is not all. */
export function ListEnd({ partial }: { partial: boolean }) {
  return (
    <p className="list-end">
      {partial
        ? "The search was cut short here, there may be more entries. Narrow the time range or the query."
        : "No more entries"}
    </p>
  );
}
