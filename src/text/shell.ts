/** Words for commands that people copy into a shell. */

/** Words that need no quotes in any Unix shell. */
const PLAIN = /^[\w@%+=:,./…-]+$/

/** Any text as one word, quoted if necessary. */
export function shellWord(text: string): string {
  return PLAIN.test(text) ? text : shellQuoted(text)
}

/** One word in quotes (POSIX 2.2.2: between single quotes every character is itself). */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
