import type { Suggestion } from "./completion";

interface Props {
  id: string;
  items: Suggestion[];
  selected: number;
  onTake: (index: number) => void;
}

export function SuggestionList({ id, items, selected, onTake }: Props) {
  return (
    <ul id={id} className="suggestions" role="listbox" aria-label="Suggestions">
      {items.map((item, index) => (
        <li
          key={item.insert}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === selected}
          // The input must not lose its focus, and with it the caret, before the click is done.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onTake(index)}
        >
          <code>{item.label}</code>
          <span className="muted">{item.detail}</span>
        </li>
      ))}
    </ul>
  );
}
