// A real table.  On a narrow screen each row becomes a card, its cells named by their columns.
import type { ComponentChildren } from 'preact';

export interface Column<Row> {
  title: string;
  cell: (row: Row) => ComponentChildren;
  number?: boolean; // set right, digits of one width
  quiet?: boolean; // the title is for those who listen: a column of buttons
}

interface Props<Row> {
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
}

/** The first column names the row. */
export function Table<Row>({ caption, columns, rows, keyOf }: Props<Row>) {
  return (
    <table>
      <caption class="sr-only">{caption}</caption>
      <thead>
        <tr>
          {columns.map((c) => (
            <th key={c.title} scope="col" class={c.number ? 'number' : undefined}>
              {c.quiet ? <span class="sr-only">{c.title}</span> : c.title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            {columns.map((c, i) =>
              i === 0 ? (
                <th key={c.title} scope="row">
                  {c.cell(row)}
                </th>
              ) : (
                <td key={c.title} class={c.number ? 'number' : undefined} data-title={c.quiet ? undefined : c.title}>
                  {c.cell(row)}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
