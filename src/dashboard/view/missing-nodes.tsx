/** Names the nodes that did not answer, so that nobody takes what is shown for complete. */
/** @jsxImportSource hono/jsx */
import { Notice } from './components.tsx'

export function MissingNodes({ names }: { names: readonly string[] }) {
  if (names.length === 0) return <></>
  return <Notice tone="warn">{missingWords(names)} What is there is not shown.</Notice>
}

export function missingWords(names: readonly string[]): string {
  return `${names.join(', ')} ${names.length === 1 ? 'does' : 'do'} not answer.`
}
