interface Props {
  query: string;
  onTake: (query: string) => void;
}

export function SuggestedQuery({ query, onTake }: Props) {
  return (
    <span>
      Did you mean{" "}
      <button type="button" className="suggestion" onClick={() => onTake(query)}>
        <code>{query}</code>
      </button>
      ?
    </span>
  );
}
