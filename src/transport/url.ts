/** What Bun gives as the URL of a request, taken apart as it stands: strangers write it, and it need not be one. */

/** Host and port of an address; empty where Bun gives a bare path, for want of a Host header that it can use. */
export function authorityOf(url: string): string {
  const from = url.startsWith('/') ? -1 : url.indexOf('://')
  if (from < 0) return ''
  const to = url.indexOf('/', from + 3)
  return url.slice(from + 3, to < 0 ? url.length : to)
}

/** Path and query of what Bun gives as the URL: without a usable Host header it is a bare path. */
export function splitUrl(url: string): [path: string, query: string] {
  const scheme = url.startsWith('/') ? -1 : url.indexOf('://')
  const start = scheme < 0 ? 0 : url.indexOf('/', scheme + 3)
  if (start < 0) return ['/', '']
  const hash = url.indexOf('#', start)
  const end = hash < 0 ? url.length : hash
  const mark = url.indexOf('?', start)
  if (mark < 0 || mark > end) return [url.slice(start, end), '']
  return [url.slice(start, mark), url.slice(mark + 1, end)]
}
