/** Counts as bars: a table to who hears it, lengths to who sees it. */
export function Bars({
  label,
  counts,
}: {
  readonly label: string;
  readonly counts: readonly {
    readonly id?: string;
    readonly name: string;
    readonly count: number;
    /** How the count is written, where it is no plain number. */
    readonly text?: string;
  }[];
}) {
  const most = Math.max(1, ...counts.map(({ count }) => count));
  return (
    <table className="bars">
      <caption>{label}</caption>
      <tbody>
        {counts.map(({ id, name, count, text }) => (
          <tr key={id ?? name}>
            <th scope="row">{name}</th>
            <td className={text === undefined ? 'bars-count' : 'bars-sum'}>{text ?? count}</td>
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
