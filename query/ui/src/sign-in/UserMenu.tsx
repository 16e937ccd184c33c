import { useEffect, useId, useRef, useState } from "react";
import { toProblem } from "../api/problem";
import { UserIcon } from "../ui/icons";
import { useSession } from "./session";

/** Who is signed in, and the way out; nothing where nobody is. */
export function UserMenu() {
  const { user, signOut } = useSession();
  const id = useId();
  const [open, setOpen] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const root = useRef<HTMLDivElement>(null);
  const toggle = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (!open) return;
    const outside = (event: PointerEvent) => {
      if (!root.current?.contains(event.target as globalThis.Node)) setOpen(false);
    };
    addEventListener("pointerdown", outside);
    return () => removeEventListener("pointerdown", outside);
  }, [open]);

  if (user === null) return null;

  const leave = () => {
    setError(null);
    signOut().catch((reason: unknown) => setError(toProblem(reason).detail));
  };

  return (
    <div
      className="user-menu"
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
        className="button quiet"
        aria-expanded={open}
        aria-controls={id}
        aria-label={`Signed in as ${user}`}
        title={`Signed in as ${user}`}
        onClick={() => setOpen(!open)}
      >
        <UserIcon />
      </button>
      {open && (
        <div id={id} className="popover user-popover">
          <p className="muted">
            Signed in as <strong>{user}</strong>
          </p>
          <button type="button" className="menu-item" onClick={leave}>
            Sign out
          </button>
          {error !== null && (
            <p className="form-error" role="alert">
              {error}
            </p>
          )}
        </div>
      )}
    </div>
  );
}
