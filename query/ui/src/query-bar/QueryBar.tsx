import { useId, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type RefObject } from "react";
import type { Bounds } from "../api/types";
import { SearchIcon } from "../ui/icons";
import { toCodeUnits } from "./byte-span";
import { loadHistory, remember } from "./history";
import { Mirror } from "./Mirror";
import { QueryError } from "./QueryError";
import { SuggestionList } from "./SuggestionList";
import { useParse } from "./useParse";
import { useSuggestions } from "./useSuggestions";

interface Props {
  draft: string;
  onDraft: (text: string) => void;
  onRun: (query: string) => void;
  bounds: Bounds;
  inputRef: RefObject<HTMLTextAreaElement | null>;
  /** Id of what says elsewhere on the page what is wrong with this very text: once is enough. */
  explainedBy?: string | null;
}

export function QueryBar({ draft, onDraft, onRun, bounds, inputRef, explainedBy = null }: Props) {
  const id = useId();
  const parsed = useParse(draft);
  const [caret, setCaret] = useState<number | null>(null);
  const [selected, setSelected] = useState(-1);
  const [focused, setFocused] = useState(false);
  const suggestions = useSuggestions(draft, caret, bounds);
  // A clause that suggestions are about to complete is not wrong yet.
  const problem = suggestions ? null : parsed;
  const moveCaret = useRef<number | null>(null);
  const recall = useRef<{ index: number; typed: string }>({ index: -1, typed: "" });
  const span = useMemo(() => (problem?.span ? toCodeUnits(draft, problem.span) : null), [draft, problem]);

  useLayoutEffect(() => {
    if (moveCaret.current === null) return;
    inputRef.current?.setSelectionRange(moveCaret.current, moveCaret.current);
    moveCaret.current = null;
  }, [draft, inputRef]);

  const close = () => {
    setCaret(null);
    setSelected(-1);
  };

  const edit = (text: string, at: number | null) => {
    recall.current = { index: -1, typed: "" };
    onDraft(text);
    setCaret(at);
    setSelected(-1);
  };

  const submit = (query: string) => {
    close();
    recall.current = { index: -1, typed: "" };
    remember(query);
    onRun(query);
  };

  const accept = (index: number) => {
    const item = suggestions?.items[index];
    if (!suggestions || !item || caret === null) return;
    const { start } = suggestions.completion;
    const text = draft.slice(0, start) + item.insert + draft.slice(caret).replace(/^ /, "");
    const at = start + item.insert.length;
    // A field's name is followed by its values, a value by nothing.
    edit(text, suggestions.completion.kind === "field" ? at : null);
    moveCaret.current = at;
  };

  const recallBy = (step: number) => {
    const history = loadHistory().filter((query) => query !== recall.current.typed);
    if (recall.current.index < 0) recall.current.typed = draft;
    const index = Math.min(Math.max(recall.current.index + step, -1), history.length - 1);
    recall.current.index = index;
    onDraft(index < 0 ? recall.current.typed : (history[index] ?? ""));
    close();
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    const input = event.currentTarget;
    const count = suggestions?.items.length ?? 0;
    switch (event.key) {
      case "Enter":
        if (event.shiftKey || event.nativeEvent.isComposing) return;
        if (selected >= 0) accept(selected);
        else submit(draft);
        break;
      case "Tab":
        if (!count || event.shiftKey) return;
        accept(Math.max(selected, 0));
        break;
      case "ArrowDown":
        if (count) setSelected((selected + 1) % count);
        else if (recall.current.index >= 0) recallBy(-1);
        else return;
        break;
      case "ArrowUp":
        if (count && selected >= 0) setSelected(selected - 1);
        else if (!input.value.slice(0, input.selectionStart).includes("\n")) recallBy(1);
        else return;
        break;
      case "Escape":
        if (count) close();
        else input.blur();
        break;
      default:
        return;
    }
    event.preventDefault();
  };

  const describedBy = explainedBy ?? (problem ? `${id}-error` : `${id}-help`);
  return (
    <form
      className="query-bar"
      role="search"
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) setFocused(false);
      }}
      onSubmit={(event) => {
        event.preventDefault();
        submit(draft);
      }}
    >
      <div className={problem ? "query-field invalid" : "query-field"}>
        <SearchIcon />
        <div className="query-text">
          <Mirror text={draft} span={span} />
          <textarea
            ref={inputRef}
            rows={1}
            value={draft}
            spellCheck={false}
            autoCapitalize="off"
            autoComplete="off"
            autoCorrect="off"
            placeholder='Search, for example  level:error "connection refused"'
            role="combobox"
            aria-label="Query"
            aria-autocomplete="list"
            aria-expanded={suggestions !== null}
            aria-controls={`${id}-list`}
            aria-activedescendant={selected >= 0 ? `${id}-list-${selected}` : undefined}
            aria-invalid={problem !== null}
            aria-describedby={describedBy}
            onChange={(event) => edit(event.target.value, event.target.selectionStart)}
            onKeyDown={onKeyDown}
            onFocus={() => setFocused(true)}
            onBlur={close}
          />
        </div>
        <kbd className="query-key" aria-hidden="true">
          /
        </kbd>
        <button type="submit" className="button primary">
          Search
        </button>
      </div>
      <span id={`${id}-help`} className="visually-hidden">
        Enter searches, arrow up recalls earlier queries, Tab takes a suggestion.
      </span>
      {suggestions && (
        <SuggestionList id={`${id}-list`} items={suggestions.items} selected={selected} onTake={accept} />
      )}
      {problem && focused && explainedBy === null && (
        <QueryError
          id={`${id}-error`}
          problem={problem}
          onTake={(text) => {
            edit(text, null);
            inputRef.current?.focus();
          }}
        />
      )}
    </form>
  );
}
