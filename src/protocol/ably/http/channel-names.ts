/** The channels in the query of a request, for batches and streams. */

/** In order and without repetition: `channels=a,b`, or with another `separator` for names with commas. */
export function channelNames(query: URLSearchParams): string[] {
  const text = query.get('channels') ?? query.get('channel') ?? ''
  const separator = query.get('separator') || ','
  return [...new Set(text.split(separator).filter((name) => name !== ''))]
}
