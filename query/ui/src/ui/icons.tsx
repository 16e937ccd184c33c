import type { ReactNode } from "react";

function icon(children: ReactNode) {
  return function Icon() {
    return (
      <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
        {children}
      </svg>
    );
  };
}

export const SearchIcon = icon(
  <>
    <circle cx="7" cy="7" r="4.25" />
    <path d="m10.5 10.5 3.5 3.5" />
  </>,
);
export const ClockIcon = icon(
  <>
    <circle cx="8" cy="8" r="5.75" />
    <path d="M8 4.75V8l2.25 1.5" />
  </>,
);
export const RefreshIcon = icon(<path d="M13.5 3v3.5H10M13.2 6.5A5.5 5.5 0 1 0 13.5 9" />);
export const PlayIcon = icon(<path className="solid" d="M4.5 3v10l8-5z" />);
export const StopIcon = icon(<rect className="solid" x="4" y="4" width="8" height="8" rx="1" />);
export const SunIcon = icon(
  <>
    <circle cx="8" cy="8" r="2.75" />
    <path d="M8 1.5v1.75M8 12.75v1.75M1.5 8h1.75M12.75 8h1.75M3.4 3.4l1.25 1.25M11.35 11.35l1.25 1.25M3.4 12.6l1.25-1.25M11.35 4.65l1.25-1.25" />
  </>,
);
export const MoonIcon = icon(<path d="M13 9.8A5.6 5.6 0 0 1 6.2 3 5.6 5.6 0 1 0 13 9.8Z" />);
export const ChevronIcon = icon(<path d="m6 4 4 4-4 4" />);
export const DownIcon = icon(<path d="m4 6 4 4 4-4" />);
export const PlusIcon = icon(
  <>
    <circle cx="8" cy="8" r="5.75" />
    <path d="M8 5.25v5.5M5.25 8h5.5" />
  </>,
);
export const MinusIcon = icon(
  <>
    <circle cx="8" cy="8" r="5.75" />
    <path d="M5.25 8h5.5" />
  </>,
);
export const CopyIcon = icon(
  <>
    <rect x="5.5" y="5.5" width="8" height="8" rx="1.25" />
    <path d="M10.5 5.5v-2a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2" />
  </>,
);
export const LinkIcon = icon(
  <path d="M6.75 9.25a2.5 2.5 0 0 0 3.6 0l2.4-2.4a2.55 2.55 0 0 0-3.6-3.6l-1 1M9.25 6.75a2.5 2.5 0 0 0-3.6 0l-2.4 2.4a2.55 2.55 0 0 0 3.6 3.6l1-1" />,
);
export const CloseIcon = icon(<path d="m4 4 8 8M12 4l-8 8" />);
export const UserIcon = icon(
  <>
    <circle cx="8" cy="5.5" r="2.75" />
    <path d="M2.75 13.5c.6-2.6 2.6-4 5.25-4s4.65 1.4 5.25 4" />
  </>,
);
export const WarnIcon = icon(<path d="M8 2.5 14.25 13.5H1.75ZM8 6.75v3M8 11.4v.4" />);
export const ZoomOutIcon = icon(
  <>
    <circle cx="7" cy="7" r="4.25" />
    <path d="m10.5 10.5 3.5 3.5M5 7h4" />
  </>,
);
export const SurroundIcon = icon(<path d="M3 3h10M3 13h10M5 6h6M5 10h6M2 8h12" />);
