import { useCallback, useEffect, useId, useMemo, useRef, useState } from "react";
import { isRefusal } from "../api/problem";
import { parseQuery } from "../query-language/parse";
import { toggleFilter, type FieldValue, type FilterMode } from "../filters/edit";
import { HistogramPanel } from "../histogram/HistogramPanel";
import { QueryBar } from "../query-bar/QueryBar";
import { highlighter } from "../results/highlight";
import { useSearch } from "../results/useSearch";
import { InsecureBanner } from "../sign-in/InsecureBanner";
import { UserMenu } from "../sign-in/UserMenu";
import { useSearchAfter } from "../tail/useSearchAfter";
import { useTail } from "../tail/useTail";
import { boundsOf, DEFAULT_RANGE, type TimeRange } from "../time/range";
import type { Zone } from "../time/timestamp";
import { TimePicker } from "../time-picker/TimePicker";
import { PlayIcon, RefreshIcon, StopIcon } from "../ui/icons";
import { useStored } from "../ui/useStored";
import { encodeView } from "../url-state/view-state";
import { useViewState } from "../url-state/useViewState";
import { ResultsPanel } from "./ResultsPanel";
import { ThemeToggle } from "./theme";
import { useDraft } from "./useDraft";
import { useRetry } from "./useRetry";

const ZONES = ["local", "utc"] as const;
/** Milliseconds between two looks at the counts while the tail runs. */
const TAIL_REFRESH = 5000;

export function App() {
  const [view, navigate] = useViewState();
  const [preferred, setPreferred] = useStored("zone", ZONES, "local");
  const zone = view.zone ?? preferred;
  const [run, setRun] = useState(0);
  const [chartRun, setChartRun] = useState(0);
  const [zoomedFrom, setZoomedFrom] = useState<TimeRange[]>([]);
  const [draft, setDraft] = useDraft(view.query);
  const noteId = useId();
  const input = useRef<HTMLTextAreaElement>(null);
  const bounds = boundsOf(view.range);
  const edited = draft !== view.query;
  const rerun = useCallback(() => setRun((last) => last + 1), []);

  const search = useSearch(view.query, bounds, view.order, run);
  const { results } = search;
  const tailing = view.tail && results.problem?.kind !== "invalid-query";
  const tail = useTail(tailing, view.query, results.ids, rerun);
  useSearchAfter(view.tail, rerun);
  const retryIn = useRetry(results.problem, rerun);
  const highlight = useMemo(() => highlighter(view.query), [view.query]);

  useEffect(() => {
    if (tail.connection !== "live") return;
    const timer = setInterval(() => {
      if (!document.hidden) setChartRun((last) => last + 1);
    }, TAIL_REFRESH);
    return () => clearInterval(timer);
  }, [tail.connection]);

  // A copied address shows the times as they are seen here; local ones need no word until they are chosen.
  useEffect(() => {
    if (view.zone === null && zone === "utc") navigate({ zone }, "replace");
  }, [view.zone, zone, navigate]);

  useEffect(() => {
    document.title = view.query ? `${view.query} · Logs` : "Logs";
  }, [view.query]);

  const setZone = (next: Zone) => {
    setPreferred(next);
    navigate({ zone: next }, "replace");
  };

  const setRange = (range: TimeRange) => {
    setZoomedFrom([]);
    if (range.kind === "relative") rerun();
    navigate({ range, entry: null, ...(range.kind === "absolute" && { tail: false }) });
  };

  const runQuery = (query: string) => {
    rerun();
    if (query !== view.query) navigate({ query, entry: null });
  };

  const filter = (target: FieldValue, mode: FilterMode) => {
    const base = !draft.trim() || parseQuery(draft) ? draft : view.query;
    const query = toggleFilter(base, target, mode);
    navigate({ query, ...(mode === "out" && { entry: null }) });
  };

  const zoom = (range: { from: string; to: string }) => {
    setZoomedFrom([...zoomedFrom, view.range]);
    navigate({ range: { kind: "absolute", ...range }, entry: null, tail: false });
  };

  const zoomOut = (wider: { from: string; to: string }) => {
    const range = zoomedFrom.at(-1) ?? { kind: "absolute" as const, ...wider };
    setZoomedFrom(zoomedFrom.slice(0, -1));
    navigate({ range, entry: null });
  };

  const toggleTail = () => {
    const past = view.range.kind === "absolute";
    navigate({ tail: !view.tail, order: "desc", ...(!view.tail && past && { range: DEFAULT_RANGE }) });
  };

  const show = ({ query = view.query, range = view.range }: { query?: string; range?: TimeRange }) => {
    setZoomedFrom([]);
    navigate({ query, range, entry: null, tail: false });
  };

  return (
    <div className="app">
      <InsecureBanner />
      <header className="top">
        <a className="brand" href="/" aria-label="Logs, start anew">
          <img src="/favicon.svg" alt="" width="20" height="20" />
          <span>Logs</span>
        </a>
        <QueryBar
          draft={draft}
          onDraft={setDraft}
          onRun={runQuery}
          bounds={bounds}
          inputRef={input}
          explainedBy={results.problem?.kind === "invalid-query" && !edited ? noteId : null}
        />
        <div className="controls">
          <TimePicker range={view.range} zone={zone} onRange={setRange} onZone={setZone} />
          <button
            type="button"
            className="button"
            aria-label="Refresh"
            title="Search again"
            onClick={() => {
              rerun();
              setChartRun((last) => last + 1);
            }}
          >
            <RefreshIcon />
          </button>
          <button
            type="button"
            className={view.tail ? "button live" : "button"}
            aria-pressed={view.tail}
            title="Follow new entries as they arrive"
            onClick={toggleTail}
          >
            {view.tail ? <StopIcon /> : <PlayIcon />} Live
          </button>
          <ThemeToggle />
          <UserMenu />
        </div>
      </header>
      <main>
        {!isRefusal(results.problem) && (
          <HistogramPanel
            query={view.query}
            bounds={bounds}
            run={run + chartRun}
            zone={zone}
            onZoom={zoom}
            onZoomOut={zoomOut}
          />
        )}
        <ResultsPanel
          view={view}
          zone={zone}
          onZone={setZone}
          search={search}
          tail={tail}
          run={run}
          edited={edited}
          noteId={noteId}
          retryIn={retryIn}
          highlight={highlight}
          onRetry={rerun}
          onFilter={filter}
          onShow={show}
          onOrder={() => navigate({ order: view.order === "desc" ? "asc" : "desc", tail: false })}
          onOpen={(entry) => navigate({ entry, tab: "fields" }, "replace")}
          onTab={(tab) => navigate({ tab }, "replace")}
          linkTo={(entry) =>
            `${location.origin}${location.pathname}?${encodeView({ ...view, entry, zone, tail: false })}`
          }
          focusQuery={() => input.current?.focus()}
        />
      </main>
    </div>
  );
}
