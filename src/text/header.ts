/** Values of headers as they were meant: HTTP reads them as Latin-1, and most programs write UTF-8 into them. */

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @param value as `Headers` has it, a character for each byte; one that is no UTF-8 was meant as it is */
export function headerText(value: string): string {
  if (/^[ -~]*$/.test(value)) return value
  try {
    return utf8.decode(Buffer.from(value, 'latin1'))
  } catch {
    return value
  }
}
