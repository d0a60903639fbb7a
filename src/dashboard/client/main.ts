/** What every page of the dashboard loads: small comforts on top of pages that work without them. */
import { capabilities } from './capability.ts'
import { checks } from './connection-check.ts'
import { copying } from './copy-buttons.ts'
import { dialogs } from './dialogs.ts'
import { enhance } from './enhance.ts'
import { faults } from './faults.ts'
import { showPreviews } from './form-preview.ts'
import { theme } from './theme.ts'
import { wideMenu } from './wide-menu.ts'

enhance(document)
copying()
showPreviews()
checks()
faults()
capabilities()
dialogs()
theme()
wideMenu()
