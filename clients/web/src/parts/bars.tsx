/** Counts as bars: a table to who hears it, lengths to who sees it. */
export function Bars({
  label,
  counts,
}: {
  readonly label: string;
  readonly counts: readonly { readonly name: string; readonly count: number }[];
}) {
  const most = Math.max(1, ...counts.map(({ count }) => count));
  return (
    <table className="bars">
      <caption>{label}</caption>
      <tbody>
        {counts.map(({ name, count }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td className="bars-count">{count}</td>
            <td aria-hidden="true">
              <svg viewBox="0 0 100 8" preserveAspectRatio="none" focusable="false">
                <rect width={(100 * count) / most} height="8" rx="1" />
              </svg>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
