import subprocess
import sys

done = subprocess.run([sys.executable, "-c", "print(6 * 7)"], stdout=subprocess.PIPE)
text = done.stdout.decode().strip()
code = subprocess.call([sys.executable, "-c", "import sys; sys.exit(3)"])
del done
print(text, code)
