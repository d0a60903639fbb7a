/** The HTML document around every page. */
/** @jsxImportSource hono/jsx */
import type { Child } from 'hono/jsx'
import { themeOf } from '../cookies.ts'
import { type PageRequest, href } from '../page-request.ts'
import { PageContext } from './page-context.ts'
import { shownMarkup } from './visible-markup.ts'

export interface DocumentHead {
  readonly title: string
  /** Scripts that only this page needs, by the names of their sources. */
  readonly scripts?: readonly string[]
}

/** A whole page as text. */
export function documentText(
  page: PageRequest,
  { title, scripts = [] }: DocumentHead,
  body: Child,
): string {
  const asset = (name: string) => href(page, `/assets/${page.var.assets.nameOf(name)}`)
  const theme = themeOf(page)
  const tree = (
    <PageContext.Provider value={page}>
      <html lang="en" {...(theme && { 'data-theme': theme })}>
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <meta name="robots" content="noindex" />
          <title>{`${title} · Latchkey`}</title>
          <link rel="icon" href={href(page, '/assets/icon.svg')} type="image/svg+xml" />
          <link rel="stylesheet" href={asset('main.css')} />
          {['main.js', ...scripts].map((name) => (
            <script type="module" src={asset(name)}></script>
          ))}
        </head>
        <body>
          {body}
          {/* For words of scripts: readers of the screen listen to it before there are any. */}
          <div class="toasts" role="status"></div>
        </body>
      </html>
    </PageContext.Provider>
  )
  return `<!doctype html>\n${shownMarkup(String(tree))}`
}

/** A piece of a page as text. */
export function partText(page: PageRequest, body: Child): string {
  return shownMarkup(String(<PageContext.Provider value={page}>{body}</PageContext.Provider>))
}
