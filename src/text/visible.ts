/**
 * Makes text of strangers safe to display. A name may contain escape sequences that a terminal obeys, characters that
 * begin a new line of a log or change the direction of writing, and invisible ones. All of those
 * become visible escapes.
 */

/**
 * Control and format characters, unpaired surrogates, line separators, and other invisible characters. Emoji
 * keep their variation selectors.
 */
const UNSAFE =
  /(?![\u{FE0E}\u{FE0F}])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Escapes unsafe characters of a single line, such as `\n` and `\u202e`. */
export function visible(text: string): string {
  return text.replaceAll(UNSAFE, (character) => SHORT[character] ?? unicodeEscape(character))
}

/** Escapes unsafe characters of a text of several lines, such as a message. Line breaks stay. */
export function visibleLines(text: string): string {
  return text.replaceAll(UNSAFE, (character) =>
    character === '\n' || character === '\t' ? character : unicodeEscape(character),
  )
}

/** Escapes unsafe characters of JSON text without changing its meaning. White space between values stays. */
export function visibleJson(json: string): string {
  return json.replaceAll(UNSAFE, (character) =>
    character === '\n' ? character : unicodeEscape(character),
  )
}

/** The escape of JSON and JavaScript: four hexadecimal digits for each UTF-16 unit. */
function unicodeEscape(character: string): string {
  return Array.from(
    { length: character.length },
    (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
  ).join('')
}
