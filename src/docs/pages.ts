/** The documentation pages, rendered from the Markdown files beside this one; they travel in the executable. */
import index from './index.md' with { type: 'text' }
import style from './style.css' with { type: 'text' }

/** Pages by the last part of their address, in the order of the menu. */
const PAGES: Readonly<Record<string, { readonly title: string; readonly text: string }>> = {
  index: { title: 'Latchkey', text: index },
}

/** A page as HTML, or undefined if there is none of that name. */
export function docsPage(name: string, basePath: string): string | undefined {
  const page = Object.hasOwn(PAGES, name) ? PAGES[name] : undefined
  return (
    page &&
    layout(page.title, Bun.markdown.html(page.text, { tables: true, autolinks: true }), basePath)
  )
}
docsPage.style = style

/** What a person sees who opens the server's own address. */
export function homePage(basePath: string): string {
  return layout(
    'Latchkey',
    `<h1>Latchkey is running.</h1><p>Connect an itty-sockets client to <code>wss://this-host${basePath}/c/room</code>, or read <a href="${basePath}/docs">the documentation</a>.</p>`,
    basePath,
  )
}

function layout(title: string, body: string, basePath: string): string {
  const menu = Object.entries(PAGES)
    .map(([name, page]) => `<a href="${basePath}/docs/${name}">${page.title}</a>`)
    .join('')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="stylesheet" href="${basePath}/docs/style.css">
</head>
<body>
<nav>${menu}</nav>
<main>${body}</main>
</body>
</html>
`
}
