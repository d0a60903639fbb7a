/** Numbers and lists as people read them. */

/** `1 channel`, `2 channels` */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}

/** `a, b and c` */
export function enumeration(items: readonly string[]): string {
  return new Intl.ListFormat('en', { type: 'conjunction', style: 'long' })
    .format(items)
    .replace(/, and /, ' and ')
}
