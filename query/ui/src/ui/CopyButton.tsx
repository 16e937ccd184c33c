import { useEffect, useState } from "react";
import { copyText } from "./clipboard";
import { CopyIcon } from "./icons";

interface Props {
  text: () => string;
  label: string;
  icon?: React.ReactNode;
}

/** Copies, and says for a moment whether it did. */
export function CopyButton({ text, label, icon = <CopyIcon /> }: Props) {
  const [outcome, setOutcome] = useState<"copied" | "failed" | null>(null);

  useEffect(() => {
    if (!outcome) return;
    const timer = setTimeout(() => setOutcome(null), 1500);
    return () => clearTimeout(timer);
  }, [outcome]);

  const copy = () => {
    void copyText(text()).then((done) => setOutcome(done ? "copied" : "failed"));
  };

  return (
    <button type="button" className="button quiet" onClick={copy}>
      {icon}
      <span aria-live="polite">
        {outcome === "copied" ? "Copied" : outcome === "failed" ? "Copying was refused" : label}
      </span>
    </button>
  );
}
