. /tmp/env.sh; cd /tmp/wt/fuzz; exec $D run -A --no-check zz.ts sh -c "cd /tmp/wt/fuzz && exec $D run -A --no-check --cached-only zy.ts $*"
