/** Numbers and lists as people read them. */

/** `1 channel`, `2 channels` */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}

/** `0.4`, `12`, `1,340`; nothing worth telling is `0`. */
export function rateText(rate: number): string {
  if (rate < 0.05) return '0'
  return rate.toLocaleString('en', { maximumFractionDigits: rate < 10 ? 1 : 0 })
}

const SIZES = [
  ['GB', 1e9],
  ['MB', 1e6],
  ['kB', 1000],
] as const

/** `17 B`, `3.4 kB` */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const [unit, size] = SIZES.find(([, least]) => bytes >= least) ?? SIZES[2]
  return `${(bytes / size).toLocaleString('en', { maximumFractionDigits: 1 })} ${unit}`
}

/** `a, b and c` */
export function enumeration(items: readonly string[]): string {
  return new Intl.ListFormat('en', { type: 'conjunction', style: 'long' })
    .format(items)
    .replace(/, and /, ' and ')
}
