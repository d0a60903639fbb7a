/** Tables: on a phone each row becomes a block, in which cells say what they are by their `data-label`. */
/** @jsxImportSource hono/jsx */
import type { PropsWithChildren } from 'hono/jsx'

/** The heading of a column: of text, of right-aligned numbers, or one that only screen readers get. */
export type Column = string | { readonly number: string } | { readonly unseen: string }

export function Table({
  head,
  caption,
  children,
}: PropsWithChildren<{ head: readonly Column[]; caption?: string }>) {
  return (
    <div class="table-wrap">
      <table class="table">
        {caption && <caption class="aside">{caption}</caption>}
        <thead>
          <tr>
            {head.map((column) => (
              <Heading column={column} />
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  )
}

function Heading({ column }: { column: Column }) {
  if (typeof column === 'string') return <th scope="col">{column}</th>
  if ('number' in column)
    return (
      <th scope="col" class="number">
        {column.number}
      </th>
    )
  return (
    <th scope="col">
      <span class="aside">{column.unseen}</span>
    </th>
  )
}
