/** Makes invisible characters visible in the text of a page, because strangers write names and messages in it. */
import { visibleLines } from '../../text/visible.ts'

const FIELD = '<textarea'

/**
 * Makes the texts between tags visible. Attributes stay as they are, because forms send them back and links lead to
 * them; so do the contents of fields.
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
