/** The sign of Bedside: a bed's head, and a line. */
export function BrandMark() {
  return (
    <svg className="brand-mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="9" />
      <path d="M9 8v16M9 19h14v5M9 15.5h9a5 5 0 0 1 5 3.5" />
    </svg>
  );
}
