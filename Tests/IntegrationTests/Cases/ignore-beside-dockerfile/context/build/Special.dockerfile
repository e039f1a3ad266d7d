FROM scratch
COPY . /none/
