# -*- coding: latin-1 -*-
name = 'éè'
print(len(name))
