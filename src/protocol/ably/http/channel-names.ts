/** The channels that a request names in its query, for batches and streams. */

/** In their order, each once: `channels=a,b`, or with a separator of their own where names hold commas. */
export function channelNames(query: URLSearchParams): string[] {
  const text = query.get('channels') ?? query.get('channel') ?? ''
  const separator = query.get('separator') || ','
  return [...new Set(text.split(separator).filter((name) => name !== ''))]
}
