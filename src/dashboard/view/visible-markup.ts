/** What people read on a page: names and messages of strangers in it are shown as text, with nothing hidden in them. */
import { visibleLines } from '../../text/visible.ts'

const FIELD = '<textarea'

/**
 * Markup of ours in which the texts between tags are safe to look at. Values of attributes stay, which forms send
 * back and links lead to, and so does what stands in a field.
 */
export function shownMarkup(markup: string): string {
  const shown: string[] = []
  let at = 0
  while (at < markup.length) {
    const tag = endless(markup.indexOf('<', at), markup)
    shown.push(visibleLines(markup.slice(at, tag)))
    // Our markup writes `<` and `>` in texts and values as references (hono/utils/html).
    const isField = markup.startsWith(FIELD, tag)
    const end = endless(markup.indexOf(isField ? '</textarea>' : '>', tag), markup)
    shown.push(markup.slice(tag, end + 1))
    at = end + 1
  }
  return shown.join('')
}

function endless(place: number, text: string): number {
  return place < 0 ? text.length : place
}
