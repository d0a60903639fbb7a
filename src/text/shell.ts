/** Words for commands that people copy into a shell. */

/** Needs no quotes in any shell of Unix. */
const PLAIN = /^[\w@%+=:,./…-]+$/

/** One word, whatever it is made of; in quotes only where it must be. */
export function shellWord(text: string): string {
  return PLAIN.test(text) ? text : shellQuoted(text)
}

/** One word in quotes (POSIX 2.2.2: between single quotes every character is itself). */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
