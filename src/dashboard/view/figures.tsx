/** Numbers beside each other. */
/** @jsxImportSource hono/jsx */
import type { Child } from 'hono/jsx'

/** Numbers beside each other, with what they count. */
export function FigureRow({
  figures,
}: {
  figures: readonly (readonly [what: string, value: Child])[]
}) {
  return (
    <dl class="figures">
      {figures.map(([what, value]) => (
        <div>
          <dt>{what}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
