/**
 * Text that strangers wrote, made safe to look at. A name may hold what a terminal obeys (escape sequences), what
 * begins a new line of a log, what turns the direction of writing around, and what nobody sees; here all of that
 * becomes an escape that can be seen.
 */

/**
 * Control and format characters, halves of pairs, separators of lines, and what else is drawn as nothing; emoji
 * keep what chooses their form.
 */
const UNSAFE =
  /(?![\u{FE0E}\u{FE0F}])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** One line: what is unsafe is escaped, `\n` and `\u202e`; anything else stays. */
export function visible(text: string): string {
  return text.replaceAll(UNSAFE, (character) => SHORT[character] ?? unicodeEscape(character))
}

/** Text of several lines, such as a message; what is unsafe in a line is escaped. */
export function visibleLines(text: string): string {
  return text.replaceAll(UNSAFE, (character) =>
    character === '\n' || character === '\t' ? character : unicodeEscape(character),
  )
}

/** JSON that says the same and is as safe to look at. What JSON itself lays out with stays. */
export function visibleJson(json: string): string {
  return json.replaceAll(UNSAFE, (character) =>
    character === '\n' ? character : unicodeEscape(character),
  )
}

/** As JSON and JavaScript write it: four digits for each UTF-16 unit. */
function unicodeEscape(character: string): string {
  return Array.from(
    { length: character.length },
    (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
  ).join('')
}
