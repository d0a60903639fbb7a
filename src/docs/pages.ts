/** The documentation pages, rendered from the Markdown files beside this one; they travel in the executable. */
import ably from './ably.md' with { type: 'text' }
import access from './access.md' with { type: 'text' }
import apache from './apache-license.txt' with { type: 'text' }
import apps from './apps.md' with { type: 'text' }
import api from './api.md' with { type: 'text' }
import architecture from './architecture.md' with { type: 'text' }
import changelog from './changelog.md' with { type: 'text' }
import cli from './cli.md' with { type: 'text' }
import clients from './clients.md' with { type: 'text' }
import contributing from './contributing.md' with { type: 'text' }
import dashboard from './dashboard.md' with { type: 'text' }
import deploy from './deploy.md' with { type: 'text' }
import gate from './gate.md' with { type: 'text' }
import history from './history.md' with { type: 'text' }
import index from './index.md' with { type: 'text' }
import license from './license.md' with { type: 'text' }
import limits from './limits.md' with { type: 'text' }
import operations from './operations.md' with { type: 'text' }
import push from './push.md' with { type: 'text' }
import requirements from './requirements.md' with { type: 'text' }
import security from './security.md' with { type: 'text' }
import shared from './shared.md' with { type: 'text' }
import settings from './settings.md' with { type: 'text' }
import { settingsTables } from './settings.ts'
import testing from './testing.md' with { type: 'text' }
import docsStyle from './style.css' with { type: 'text' }

export { docsStyle }

interface Page {
  readonly title: string
  readonly text: string
}

/** Pages by the last part of their address, in the order of the menu. */
const PAGES: Readonly<Record<string, Page>> = {
  index: { title: 'Start here', text: index },
  clients: { title: 'itty clients', text: clients },
  ably: { title: 'Ably clients', text: ably },
  access: { title: 'Access', text: access },
  gate: { title: 'Who may do what', text: gate },
  apps: { title: 'Apps', text: apps },
  history: { title: 'History', text: history },
  shared: { title: 'Shared channels', text: shared },
  push: { title: 'Push', text: push },
  dashboard: { title: 'Dashboard', text: dashboard },
  cli: { title: 'Command line', text: cli },
  api: { title: 'HTTP API', text: api },
  testing: { title: 'Tests and CI', text: testing },
  deploy: { title: 'Deploy', text: deploy },
  operations: { title: 'Operations', text: operations },
  limits: { title: 'Limits', text: limits },
  security: { title: 'Security', text: security },
  settings: { title: 'Settings', text: `${settings}\n${settingsTables()}\n` },
  changelog: { title: 'Changelog', text: changelog },
  architecture: { title: 'Architecture', text: architecture },
  contributing: { title: 'Contributing', text: contributing },
  requirements: { title: 'Requirements', text: requirements },
  license: { title: 'License', text: `${license}\n\`\`\`text\n${apache}\n\`\`\`\n` },
}

export const PAGE_NAMES: readonly string[] = Object.keys(PAGES)

/** A page as HTML, or undefined if there is none of that name. */
export function docsPage(name: string, basePath: string): string | undefined {
  const page = Object.hasOwn(PAGES, name) ? PAGES[name] : undefined
  return page && layout(page.title, render(page.text, basePath), basePath, name)
}

/** The page for an unknown address below the documentation. */
export function missingPage(basePath: string): string {
  const body =
    '<h1>There is no such page</h1><p>The menu lists all pages. Addresses change between versions; this one may be from another.</p>'
  return layout('No such page', body, basePath)
}

/** The page at the root of the server. */
export function homePage(basePath: string): string {
  const body = `<h1>Latchkey is running</h1><p>Connect an itty-sockets client to <code>${basePath}/c/</code> and the name of a channel on this server, manage it on <a href="${basePath}/dashboard">the dashboard</a>, or read <a href="${basePath}/docs">the documentation</a>.</p>`
  return layout('Latchkey', body, basePath)
}

/**
 * Renders Markdown. Pages link to each other as files, so that links also work in the repository; here they become
 * addresses.
 * Blocks of code can be focused, so that long lines can be scrolled with the keyboard.
 */
export function render(text: string, basePath: string): string {
  return Bun.markdown
    .html(text, { headings: { ids: true } })
    .replaceAll(/href="([a-z]+)\.md(#[\w-]+)?"/g, `href="${basePath}/docs/$1$2"`)
    .replaceAll('<pre>', '<pre tabindex="0">')
}

/** @param current the name of a page, or `errors` */
export function layout(title: string, body: string, basePath: string, current?: string): string {
  const pages = Object.entries(PAGES).map(([name, page]) => ({
    name,
    title: page.title,
    path: `/docs/${name}`,
  }))
  const menu = [...pages, { name: 'errors', title: 'Errors', path: '/errors' }]
    .map((item) => {
      const mark = item.name === current ? ' aria-current="page"' : ''
      return `<a href="${basePath}${item.path}"${mark}>${item.title}</a>`
    })
    .join('\n')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title === 'Latchkey' ? title : `${title} · Latchkey`}</title>
<link rel="stylesheet" href="${basePath}/docs/style.css">
</head>
<body>
<nav aria-label="Documentation">
${menu}
</nav>
<main>
${body}
</main>
</body>
</html>
`
}
